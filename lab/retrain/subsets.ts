/**
 * Models trained on random halves of a set, for the linear datamodelling score (metrics/lds.ts): does a method foretell which halves
 * make an output likelier?
 */
import { Random } from '../../lib/random.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { lds, subsetSums } from '../metrics/lds.ts';
import type { Scores } from '../methods/method.ts';
import type { Figure } from '../results.ts';
import type { EvalSet } from '../sets/set.ts';
import { trainedOnce } from './trained-once.ts';

/** Rows of the set that are trained on, a half of them for each subset, in the set's order. */
export function halfSubsets({ rows }: EvalSet, count: number, seed: number): number[][] {
  const trained = [...rows.keys()].filter((row) => rows[row].trained);
  const random = new Random(seed);
  const half = Math.floor(trained.length / 2);
  return Array.from({ length: count }, () =>
    random
      .shuffle(trained)
      .slice(0, half)
      .sort((a, b) => a - b),
  );
}

export interface SubsetTraining {
  readonly subsets: readonly (readonly number[])[];
  /** Trains on these rows as `retrainings` does. @returns mean response loss of each traced output, in nats */
  readonly lossesOn: (rows: readonly number[]) => Promise<readonly number[]>;
  readonly onProgress?: ((training: number, of: number) => void) | undefined;
}

/** [subsets][outputs]. Throws what `lossesOn` throws. */
export async function subsetLosses(input: SubsetTraining): Promise<(readonly number[])[]> {
  const { subsets, lossesOn, onProgress } = input;
  const train = trainedOnce(lossesOn);
  const losses: (readonly number[])[] = [];
  for (const [i, rows] of subsets.entries()) {
    onProgress?.(i + 1, subsets.length);
    losses.push(await train(rows));
  }
  return losses;
}

/**
 * Mean over the outputs of the rank correlation between Σ of the scores of a subset's rows and how likely its model makes the output.
 * Throws SHAPE_MISMATCH for losses of other subsets or outputs, and what `lds` throws.
 * @param losses [subsets][outputs], in nats
 * @param seed of the interval
 */
export function ldsOf(
  { byOutput }: Scores,
  subsets: readonly (readonly number[])[],
  losses: readonly (readonly number[])[],
  seed: number,
): Figure {
  const stray = losses.find((of) => of.length !== byOutput.length);
  if (losses.length !== subsets.length || stray !== undefined) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${subsets.length} subsets and ${byOutput.length} outputs have losses of ${losses.length} subsets${stray === undefined ? '' : `, one of them of ${stray.length} outputs`}`,
      'Give the loss of every output for every subset.',
    );
  }
  return lds(
    byOutput.map((scores) => subsetSums(scores, subsets)),
    // A loss falls as an output becomes likelier.
    byOutput.map((_, output) => losses.map((of) => -of[output])),
    seed,
  );
}
