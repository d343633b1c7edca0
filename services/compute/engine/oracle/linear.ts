/**
 * Linear projection, weights as PyTorch and safetensors keep them (output rows):
 *   y[n, o] = sum_k x[n, k] * weight[o, k] + bias[o].
 * x [N, K], weight [O, K], bias [O] (optional), y [N, O].
 *
 * Backward: dx = dy · weight [N, K], dweight = dy^T · x [O, K], dbias = sum_n dy[n, :] [O].
 */
import { type Numbers, checkShape, dot } from './numbers.ts';

interface LinearShape {
  /** N */
  readonly rows: number;
  /** K, the width of x */
  readonly inner: number;
  /** O, the width of y */
  readonly outer: number;
}

export interface LinearForward extends LinearShape {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly bias?: Numbers | undefined;
}

export interface LinearInputBackward extends LinearShape {
  /** dL/dy [N, O] */
  readonly dy: Numbers;
  readonly weight: Numbers;
}

export interface LinearWeightBackward extends LinearShape {
  /** dL/dy [N, O] */
  readonly dy: Numbers;
  readonly x: Numbers;
}

export interface LinearWeightGradients {
  /** [O, K] */
  readonly dWeight: Float64Array;
  /** [O], of use only where there is a bias */
  readonly dBias: Float64Array;
}

export interface LinearGradients extends LinearWeightGradients {
  /** [N, K] */
  readonly dx: Float64Array;
}

/** y [N, O] */
export function linearForward({ x, weight, bias, rows, inner, outer }: LinearForward): Float64Array {
  checkShape('x', x, rows, inner);
  checkShape('weight', weight, outer, inner);
  if (bias) checkShape('bias', bias, outer);
  const y = new Float64Array(rows * outer);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outer; o++) {
      y[n * outer + o] = dot(x, n * inner, weight, o * inner, inner) + (bias ? bias[o] : 0);
    }
  }
  return y;
}

/** dx [N, K]: all that tracing needs, since it takes no weight gradients. */
export function linearInputBackward(options: LinearInputBackward): Float64Array {
  const { dy, weight, rows, inner, outer } = options;
  checkShape('dy', dy, rows, outer);
  checkShape('weight', weight, outer, inner);
  const dx = new Float64Array(rows * inner);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outer; o++) {
      const scale = dy[n * outer + o];
      for (let k = 0; k < inner; k++) dx[n * inner + k] += scale * weight[o * inner + k];
    }
  }
  return dx;
}

export function linearWeightBackward(options: LinearWeightBackward): LinearWeightGradients {
  const { dy, x, rows, inner, outer } = options;
  checkShape('dy', dy, rows, outer);
  checkShape('x', x, rows, inner);
  const dWeight = new Float64Array(outer * inner);
  const dBias = new Float64Array(outer);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outer; o++) {
      const scale = dy[n * outer + o];
      dBias[o] += scale;
      for (let k = 0; k < inner; k++) dWeight[o * inner + k] += scale * x[n * inner + k];
    }
  }
  return { dWeight, dBias };
}

export function linearBackward(options: LinearInputBackward & LinearWeightBackward): LinearGradients {
  return { dx: linearInputBackward(options), ...linearWeightBackward(options) };
}
