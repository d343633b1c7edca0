import { checkAny } from './truth.ts';

/** The arithmetic mean. Throws EVALUATION_EMPTY of no values. */
export function mean(values: readonly number[]): number {
  checkAny(values.length, 'values');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
