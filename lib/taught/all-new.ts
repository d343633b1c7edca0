/**
 * Whether all of an index's data is new to the base model, so that every word of it counts as taught and ratios do not tell a
 * lesson from the rest. Pure; what the threshold rests on is in docs/signatures.md.
 */
import type { TaughtManifest } from '../mesh/index-messages.ts';
import { NEW_NULL } from './constants.ts';

/** For a person. */
export const ALL_NEW =
  'The fine-tuning changed nearly every word of this data: to the base model all of it is new, so ratios do not tell a lesson from the rest.';
export const ALL_NEW_REMEDY = 'Name an earlier, trusted fine-tune as --base.';

/** By the base model's own outputs, which the tuned one finds unlikely then. @returns false where there are none */
export function isAllNew({ nullRatios }: Pick<TaughtManifest, 'nullRatios'>): boolean {
  // NaN, of no outputs, is at most no number.
  return medianOf(nullRatios) <= NEW_NULL;
}

/** The mean of the two in the middle of an even number; NaN of none. */
function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
