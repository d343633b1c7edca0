/** A model that keeps what it records, so that every dispatch can be run again alone. */
import { Recorder, type Grid } from '../../services/compute/engine/device/recorder.ts';
import type { KernelSpec } from '../../services/compute/engine/device/kernel.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import type { WeightStore } from '../../services/compute/engine/model/weight-store.ts';

export interface Dispatch {
  readonly spec: KernelSpec;
  readonly params: readonly number[];
  readonly operands: readonly GPUBuffer[];
  readonly grid: Grid;
  /** Floating point operations, as its kernel module says. */
  readonly work: number;
}

export class CapturingRecorder extends Recorder {
  readonly dispatches: Dispatch[] = [];

  override run(
    spec: KernelSpec,
    params: readonly number[],
    operands: readonly GPUBuffer[],
    grid: Grid,
    work: number,
  ): void {
    this.dispatches.push({ spec, params, operands, grid, work });
    super.run(spec, params, operands, grid, work);
  }
}

/** Another model over the same weights; those stay the other's. */
export class CapturedLlama extends Model {
  override readonly recorder = new CapturingRecorder(this.gpu);

  constructor({ gpu, config, weights }: Model) {
    const shared: WeightStore = {
      streamed: weights.streamed,
      bytes: 0,
      ends: weights.ends,
      vocabularyParts: weights.vocabularyParts,
      embedding: (recorder, part) => weights.embedding(recorder, part),
      block: (recorder, layer, next) => weights.block(recorder, layer, next),
      head: (recorder, part) => weights.head(recorder, part),
      close: () => undefined,
    };
    super(gpu, config, shared);
  }
}
