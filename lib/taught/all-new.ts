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

/** Fewer say nothing: of two outputs one may happen to be unlikely. */
const LEAST_OUTPUTS = 8;

/** By the base model's own outputs, which the tuned one finds unlikely then. @returns false where there are too few */
export function isAllNew({ nullRatios }: Pick<TaughtManifest, 'nullRatios'>): boolean {
  return nullRatios.length >= LEAST_OUTPUTS && medianOf(nullRatios) <= NEW_NULL;
}

/** The mean of the two in the middle of an even number. */
function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
