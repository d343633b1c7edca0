/** Figures of the k best rows alone. */
import { checkTruth } from './truth.ts';

/** Share of rows to find among the k best; of all that are ranked, where these are fewer; 0 of none. @param k at least 1 */
export function precisionAt(ranked: readonly number[], wanted: ReadonlySet<number>, k: number): number {
  return hits(ranked, wanted, k) / Math.max(1, Math.min(k, ranked.length));
}

/** Share of the rows to find that are among the k best. Throws EVALUATION_EMPTY. */
export function recallAt(ranked: readonly number[], wanted: ReadonlySet<number>, k: number): number {
  checkTruth(wanted, ranked.length);
  return hits(ranked, wanted, k) / wanted.size;
}

function hits(ranked: readonly number[], wanted: ReadonlySet<number>, k: number): number {
  return ranked.slice(0, k).filter((row) => wanted.has(row)).length;
}
