/** The precision-recall curve, interpolated so that curves of several outputs have a mean. */
import { checkTruth } from './truth.ts';

/** Recalls 0, .05 … 1. */
export const RECALL_LEVELS = 21;

/**
 * For each recall r the largest precision at any recall of at least r (Manning, Raghavan and Schütze 2008, 8.4, with 21 levels
 * for 11). Throws EVALUATION_EMPTY.
 * @param ranked all rows, best first
 */
export function precisionRecall(ranked: readonly number[], wanted: ReadonlySet<number>): number[] {
  checkTruth(wanted, ranked.length);
  const steps = RECALL_LEVELS - 1;
  const curve = new Array<number>(RECALL_LEVELS).fill(0);
  let found = 0;
  for (const [i, row] of ranked.entries()) {
    if (!wanted.has(row)) continue;
    found++;
    const precision = found / (i + 1);
    // The levels that are reached here, in whole numbers: a recall of 3 in 20 is .15, whatever it is in binary.
    const reached = Math.floor((found * steps) / wanted.size);
    for (let level = 0; level <= reached; level++) curve[level] = Math.max(curve[level], precision);
  }
  return curve;
}
