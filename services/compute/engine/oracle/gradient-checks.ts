/**
 * What the unit tests of the oracles share: random arrays, and a check of one gradient by finite differences.
 * Test code only (it takes no test runner, so that it builds with the rest).
 */
import assert from 'node:assert/strict';
import { Random } from '../../../../lib/random.ts';
import { relativeError } from './compare.ts';
import { numericalGradient } from './finite-differences.ts';
import { type Numbers, dot } from './numbers.ts';

/** The promise of every backward: agreement with central differences, relative to the largest gradient. */
const TOLERANCE = 1e-6;

/** An endless source of standard normal arrays, the same for the same seed. */
export function normalArrays(seed: number): (length: number) => Float64Array {
  const random = new Random(seed);
  return (length) => Float64Array.from({ length }, () => random.normal());
}

/** Holds `gradient` to the differences of `loss` around x. */
export function expectGradient(gradient: Numbers, x: Numbers, loss: (x: Float64Array) => number): void {
  const error = relativeError(gradient, numericalGradient(loss, x));
  assert.ok(error < TOLERANCE, `the gradient is off by ${error} of its largest element`);
}

/** A scalar loss whose gradient with respect to an output is `upstream`: their inner product. */
export function innerProduct(output: Numbers, upstream: Numbers): number {
  assert.equal(output.length, upstream.length);
  return dot(output, 0, upstream, 0, upstream.length);
}
