/**
 * Port: where a model's weights on the GPU come from. They are all there (ResidentWeights), or come and go as they are
 * asked for (streamed-weights.ts). What is given is good until something else is asked for; kernels over it may be recorded
 * until then, and need not have run.
 */
import type { Recorder } from '../device/recorder.ts';
import type { BlockWeights, EndWeights, ModelWeights, VocabularyPart } from './weights.ts';

/** `recorder` is what records the kernels that read weights: they are sent before weights are overwritten. */
export interface WeightStore {
  /** Whether asking for a block costs reading it. */
  readonly streamed: boolean;
  /** Bytes on the device at present. */
  readonly bytes: number;
  /** What is always there. */
  readonly ends: EndWeights;
  /** In how many parts the rows of embedding and head come, the lowest ids first. */
  readonly vocabularyParts: number;
  embedding(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart>;
  /** @param next the block that will be asked for after this one, if any: it may be read meanwhile */
  block(recorder: Recorder, layer: number, next?: number): BlockWeights | Promise<BlockWeights>;
  head(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart>;
  /** Frees the weights. */
  close(): void;
}

export class ResidentWeights implements WeightStore {
  readonly streamed = false;
  readonly vocabularyParts = 1;
  readonly bytes: number;
  readonly ends: EndWeights;
  readonly #weights: ModelWeights;
  readonly #buffers: readonly GPUBuffer[];

  /** @param buffers those to free; none where the weights are somebody else's */
  constructor(weights: ModelWeights, buffers: readonly GPUBuffer[]) {
    this.ends = weights;
    this.#weights = weights;
    this.#buffers = buffers;
    this.bytes = buffers.reduce((sum, { size }) => sum + size, 0);
  }

  embedding(): VocabularyPart {
    return { projection: this.#weights.embedding, firstId: 0 };
  }

  block(_recorder: Recorder, layer: number): BlockWeights {
    const block = this.#weights.blocks[layer];
    if (block === undefined) throw new Error(`the model has no block ${layer}`);
    return block;
  }

  head(): VocabularyPart {
    return { projection: this.#weights.head, firstId: 0 };
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
