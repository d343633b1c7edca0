/**
 * Average precision over the full ranking: the mean, over the rows to find, of the share of such rows among all up to its rank,
 *   AP = 1/P Σ_{r = 1 … P} r / rank_r
 * (Manning, Raghavan and Schütze 2008, 8.4). It sees every row that is missed, which the precision of a few retrieved does not.
 */
import { checkTruth } from './truth.ts';

/**
 * Throws EVALUATION_EMPTY.
 * @param ranked rows, best first: all, or the best of them. Rows to find that are not among them count as the very last, so that
 *   the figure is the least that it can be.
 * @param total rows of the dataset
 */
export function averagePrecision(
  ranked: readonly number[],
  wanted: ReadonlySet<number>,
  total: number = ranked.length,
): number {
  checkTruth(wanted, total);
  let found = 0;
  let sum = 0;
  for (const [i, row] of ranked.entries()) {
    if (!wanted.has(row)) continue;
    found++;
    sum += found / (i + 1);
  }
  const missing = wanted.size - found;
  for (let i = 1; i <= missing; i++) sum += (found + i) / (total - missing + i);
  return sum / wanted.size;
}

/** What rankings by chance have on average. */
export function chanceAveragePrecision(wanted: number, total: number): number {
  let harmonic = 0;
  for (let rank = 1; rank <= total; rank++) harmonic += 1 / rank;
  // At rank k a row is one to find with wanted / total; those before it are with (wanted - 1) / (total - 1).
  const before = (wanted - 1) / Math.max(1, total - 1);
  return (harmonic + before * (total - harmonic)) / total;
}
