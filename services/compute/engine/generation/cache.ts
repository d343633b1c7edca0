/**
 * A key/value cache: for each block the rotated keys and the values of every sequence, each in a stretch of `capacity`
 * rows of its own.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import { scatter } from '../kernels/rows.ts';
import type { KeyValues } from '../model/block.ts';
import type { ModelConfig } from '../model/model-config.ts';

/** Bytes of a token's keys and values in all blocks. */
export function cachedTokenBytes({ layers, kvHeads, headDim }: ModelConfig): number {
  return 2 * layers * kvHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
}

export class KeyValueCache {
  readonly capacity: number;
  readonly #recorder: Recorder;
  readonly #blocks: readonly { readonly k: Tensor; readonly v: Tensor }[];

  constructor(recorder: Recorder, scope: Scope, config: ModelConfig, sequences: number, capacity: number) {
    this.capacity = capacity;
    this.#recorder = recorder;
    const shape = [sequences * capacity, config.kvHeads * config.headDim];
    this.#blocks = Array.from({ length: config.layers }, () => ({
      k: scope.take(shape),
      v: scope.take(shape),
    }));
  }

  /** Row of the cache for a sequence's token at `position`. */
  rowOf(sequence: number, position: number): number {
    return sequence * this.capacity + position;
  }

  /** What a block's forward needs to keep its new rows at `places` (rows of the cache) and attend to the cache. */
  at(places: Tensor): (block: number) => KeyValues {
    return (block) => {
      const cached = this.#blocks[block];
      if (cached === undefined) throw new Error(`the cache has no block ${block}`);
      return {
        extend: (k, v) => {
          scatter(this.#recorder, { source: k, indices: places, out: cached.k });
          scatter(this.#recorder, { source: v, indices: places, out: cached.v });
          return cached;
        },
      };
    };
  }
}
