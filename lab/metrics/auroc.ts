/**
 * Area under the ROC curve: the chance that one to find has a higher score than one that is not, a tie counting half
 * (Mann and Whitney 1947). It does not change with how many there are to find, and says little of the top: with 1 % poison an
 * AUROC of .95 can leave every one of the ten best rows clean.
 */
import { averageRanks } from './ranks.ts';
import { checkAny, checkTruth } from './truth.ts';

/** Of rows. Throws EVALUATION_EMPTY. */
export function auroc(scores: ArrayLike<number>, wanted: ReadonlySet<number>): number {
  checkTruth(wanted, scores.length);
  const ranks = averageRanks(scores);
  let sum = 0;
  for (const row of wanted) sum += ranks[row];
  const positives = wanted.size;
  return (sum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

/** Of two lists of values, of which the first should be the higher. Throws EVALUATION_EMPTY. */
export function aurocBetween(high: readonly number[], low: readonly number[]): number {
  checkAny(high.length, 'values that should be high');
  checkAny(low.length, 'values that should be low');
  return auroc([...high, ...low], new Set(high.keys()));
}
