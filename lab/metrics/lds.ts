/**
 * The linear datamodelling score (Park et al. 2023, TRAK): models are trained on subsets of the rows; for each output, Spearman's
 * rank correlation, over the subsets, of what the method predicts (the sum of the scores of the subset's rows) with what was
 * measured (the output's log-probability under the subset's model). It asks for causes, not for labels.
 */
import { ReptraceError } from '../../lib/errors.ts';
import type { Figure } from '../results.ts';
import { bootstrap } from './bootstrap.ts';
import { averageRanks } from './ranks.ts';

/** Σ of the scores of each subset's rows. */
export function subsetSums(
  scores: ArrayLike<number>,
  subsets: readonly (readonly number[])[],
): readonly number[] {
  return subsets.map((rows) => rows.reduce((sum, row) => sum + scores[row], 0));
}

/**
 * Pearson's correlation of the ranks, ties having the mean of theirs. 0 where either does not vary: what is always the same
 * predicts nothing. Throws SHAPE_MISMATCH.
 */
export function spearman(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${a.length} predictions cannot be compared with ${b.length} measurements`,
      'Give one of each for every subset.',
    );
  }
  const x = averageRanks(a);
  const y = averageRanks(b);
  // Of any ranks, ties or not.
  const middle = (a.length + 1) / 2;
  let [product, squaresX, squaresY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    product += (x[i] - middle) * (y[i] - middle);
    squaresX += (x[i] - middle) ** 2;
    squaresY += (y[i] - middle) ** 2;
  }
  return squaresX === 0 || squaresY === 0 ? 0 : product / Math.sqrt(squaresX * squaresY);
}

/**
 * Mean over the outputs. Throws EVALUATION_EMPTY without outputs, SHAPE_MISMATCH.
 * @param predicted [outputs][subsets]
 * @param measured the same; higher where the subset's model is likelier to give the output
 */
export function lds(
  predicted: readonly (readonly number[])[],
  measured: readonly (readonly number[])[],
  seed: number,
): Figure {
  if (predicted.length !== measured.length) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${predicted.length} outputs were predicted and ${measured.length} measured`,
      'Give both for every output.',
    );
  }
  const correlations = predicted.map((values, output) => spearman(values, measured[output]));
  return bootstrap(correlations, seed);
}
