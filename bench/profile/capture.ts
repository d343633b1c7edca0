/** A model that keeps what it records: every dispatch, so that it can be run again alone, and how large its operands are. */
import { Arena } from '../../services/compute/engine/device/arena.ts';
import type { GpuPort } from '../../services/compute/engine/device/gpu.ts';
import { Recorder, type Grid } from '../../services/compute/engine/device/recorder.ts';
import type { KernelSpec } from '../../services/compute/engine/device/kernel.ts';
import { byteLength, type Dtype, type Tensor } from '../../services/compute/engine/device/tensor.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import type { WeightStore } from '../../services/compute/engine/model/weight-store.ts';

export interface Dispatch {
  readonly spec: KernelSpec;
  readonly params: readonly number[];
  readonly operands: readonly GPUBuffer[];
  /** Bytes of the tensor that is in each operand's buffer, which may be larger. */
  readonly operandBytes: readonly number[];
  readonly grid: Grid;
  /** Floating point operations, as its kernel module says. */
  readonly work: number;
}

/** Scratch memory that knows which tensor a buffer was taken for last. */
class SizedArena extends Arena {
  readonly #bytes = new WeakMap<GPUBuffer, number>();

  override take(shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    const tensor = super.take(shape, dtype);
    this.#bytes.set(tensor.buffer, byteLength(shape, dtype));
    return tensor;
  }

  /** Weights and tables are not of the arena, and fill their buffers. */
  bytesIn(buffer: GPUBuffer): number {
    return this.#bytes.get(buffer) ?? buffer.size;
  }
}

export class CapturingRecorder extends Recorder {
  readonly dispatches: Dispatch[] = [];
  readonly #arena: SizedArena;

  constructor(gpu: GpuPort, arena: SizedArena) {
    super(gpu);
    this.#arena = arena;
  }

  override run(
    spec: KernelSpec,
    params: readonly number[],
    operands: readonly GPUBuffer[],
    grid: Grid,
    work: number,
  ): void {
    const operandBytes = operands.map((buffer) => this.#arena.bytesIn(buffer));
    this.dispatches.push({ spec, params, operands, operandBytes, grid, work });
    super.run(spec, params, operands, grid, work);
  }
}

/** Another model over the same weights; those stay the other's. */
export class CapturedLlama extends Model {
  override readonly recorder: CapturingRecorder;

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
    const arena = new SizedArena(gpu);
    const recorder = new CapturingRecorder(gpu, arena);
    super(gpu, config, shared, { recorder, arena });
    this.recorder = recorder;
  }
}
