/**
 * Reductions of a whole array to one number: the sum, and the sum of squares.
 */
import type { Numbers } from './numbers.ts';

export function sum(values: Numbers): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

export function sumOfSquares(values: Numbers): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ** 2;
  return total;
}
