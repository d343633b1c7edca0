/**
 * auPRC of what was retrieved, the paper's figure (RepT, and RapidIn before it): each output's k best rows, of all outputs in one
 * list, sorted by score; average precision of that list. What was not retrieved does not count, so that 1.0 is possible with most
 * of the poison missed; and scores of different outputs are compared with each other, which not every method is made for. It is
 * here to be put beside what the paper reports.
 */
import { ranking } from './rank.ts';
import { checkAny, checkTruth } from './truth.ts';

/**
 * Σ_n (R_n - R_{n-1}) · P_n over the distinct scores, so that rows of the same score count together (as in scikit-learn's
 * average_precision_score, which the released code calls); 0 where nothing retrieved is to be found. Throws EVALUATION_EMPTY.
 * @param byOutput [outputs][rows]
 * @param k retrieved of each output; ties at the border are broken at random, by the seed
 */
export function auprcRetrieved(
  byOutput: readonly ArrayLike<number>[],
  wanted: ReadonlySet<number>,
  k: number,
  seed: number,
): number {
  checkAny(byOutput.length, 'outputs');
  const pooled = byOutput.flatMap((scores, output) => {
    checkTruth(wanted, scores.length);
    const best = ranking(scores, seed + output).slice(0, k);
    return best.map((row) => ({ score: scores[row], isWanted: wanted.has(row) }));
  });
  pooled.sort((a, b) => b.score - a.score);
  const positives = pooled.filter(({ isWanted }) => isWanted).length;
  if (positives === 0) return 0;
  let found = 0;
  let counted = 0;
  let area = 0;
  for (const [i, { score, isWanted }] of pooled.entries()) {
    if (isWanted) found++;
    if (pooled[i + 1]?.score === score) continue;
    area += ((found - counted) / positives) * (found / (i + 1));
    counted = found;
  }
  return area;
}
