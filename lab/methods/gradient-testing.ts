/** What the tests of methods on parameter gradients share: features of a few small vectors. Test code only. */
import type { CheckpointFeatures, Features, Items, Vectors } from '../features/features.ts';

type Table = readonly (readonly number[])[];

/** One checkpoint: a vector for each row and output, its numbers shared equally by the tensors. */
export interface GivenCheckpoint {
  readonly rows: Table;
  readonly outputs: Table;
  /** Rows and outputs corrected by Adam; those of `rows` and `outputs` where absent. */
  readonly adamRows?: Table;
  readonly adamOutputs?: Table;
  readonly learningRate?: number;
  readonly step?: number;
}

/** @param sizes numbers of each tensor before it was sketched: one for each tensor */
export function gradientsFeatures(
  checkpoints: readonly GivenCheckpoint[],
  sizes: readonly number[],
): Features {
  const side = (plain: 'rows' | 'outputs', adam: 'adamRows' | 'adamOutputs'): Items => {
    const made = checkpoints.map((given, i): CheckpointFeatures => ({
      ...{ step: given.step ?? i + 1, learningRate: given.learningRate ?? 1 },
      ...{ gradient: vectors(given[plain]), adam: vectors(given[adam] ?? given[plain]) },
      ...{ parts: sizes, modules: sizes.map((_, part) => `tensor ${part}`) },
    }));
    const count = checkpoints[0]?.[plain].length ?? 0;
    return {
      ...{ count, prompts: [], responses: [], layers: new Map(), ratios: [], lessons: [], beginnings: [] },
      ...{ meanHidden: { dims: 0, values: new Float32Array() }, checkpoints: made },
    };
  };
  return {
    ...{ rows: side('rows', 'adamRows'), outputs: side('outputs', 'adamOutputs') },
    ...{ centres: new Map(), layer: 0, lastLayer: 0, curve: [] },
  };
}

export function vectors(table: Table): Vectors {
  return { dims: table[0]?.length ?? 0, values: Float32Array.from(table.flat()) };
}
