/**
 * How far two arrays are apart, for every check of computed values against expected ones.
 */
import type { Numbers } from './numbers.ts';

/**
 * The largest difference of two arrays, relative to the largest magnitude of the expected one (elementwise relative
 * errors say nothing where a gradient happens to vanish). Infinity where the lengths differ or a value is not finite.
 */
export function relativeError(actual: Numbers, expected: Numbers): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]) || !Number.isFinite(expected[i])) return Infinity;
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / largest;
}
