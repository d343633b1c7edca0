/**
 * Residual addition: y = x + branch, any equal shape. Backward: both gradients are dy.
 */
import { type Numbers, checkShape } from './numbers.ts';

export interface ResidualForward {
  readonly x: Numbers;
  readonly branch: Numbers;
}

export interface ResidualBackward {
  /** dL/dy */
  readonly dy: Numbers;
}

export interface ResidualGradients {
  readonly dx: Float64Array;
  readonly dBranch: Float64Array;
}

export function residualForward({ x, branch }: ResidualForward): Float64Array {
  checkShape('branch', branch, x.length);
  return Float64Array.from(x, (value, i) => value + branch[i]);
}

export function residualBackward({ dy }: ResidualBackward): ResidualGradients {
  return { dx: Float64Array.from(dy), dBranch: Float64Array.from(dy) };
}
