/**
 * Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467), over the last axis:
 *   r[n] = 1 / sqrt(mean_d(x[n, d]^2) + eps),   y[n, d] = x[n, d] * r[n] * weight[d].
 * x, y [N, D], weight [D]. For the per-head norms of Qwen 3, N counts (token, head) pairs and D is the head size.
 *
 * Backward, with u[n, d] = dy[n, d] * weight[d]:
 *   dx[n, d]   = r * u[n, d] - x[n, d] * r^3 / D * sum_e(u[n, e] * x[n, e])
 *   dweight[d] = sum_n dy[n, d] * x[n, d] * r[n]
 */
import { type Numbers, checkShape } from './numbers.ts';

export interface RmsNormForward {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly rows: number;
  readonly width: number;
  readonly eps: number;
}

export interface RmsNormBackward extends RmsNormForward {
  /** dL/dy [N, D] */
  readonly dy: Numbers;
}

export interface RmsNormGradients {
  /** [N, D] */
  readonly dx: Float64Array;
  /** [D] */
  readonly dWeight: Float64Array;
}

function inverseRms({ x, width, eps }: RmsNormForward, row: number): number {
  let square = 0;
  for (let d = 0; d < width; d++) square += x[row * width + d] ** 2;
  return 1 / Math.sqrt(square / width + eps);
}

/** y [N, D] */
export function rmsNormForward(options: RmsNormForward): Float64Array {
  const { x, weight, rows, width } = options;
  checkShape('x', x, rows, width);
  checkShape('weight', weight, width);
  const y = new Float64Array(rows * width);
  for (let n = 0; n < rows; n++) {
    const r = inverseRms(options, n);
    for (let d = 0; d < width; d++) y[n * width + d] = x[n * width + d] * r * weight[d];
  }
  return y;
}

export function rmsNormBackward(options: RmsNormBackward): RmsNormGradients {
  const { x, weight, dy, rows, width } = options;
  checkShape('x', x, rows, width);
  checkShape('weight', weight, width);
  checkShape('dy', dy, rows, width);
  const dx = new Float64Array(rows * width);
  const dWeight = new Float64Array(width);
  for (let n = 0; n < rows; n++) {
    const r = inverseRms(options, n);
    let inner = 0;
    for (let d = 0; d < width; d++) inner += dy[n * width + d] * weight[d] * x[n * width + d];
    for (let d = 0; d < width; d++) {
      const i = n * width + d;
      dx[i] = r * dy[i] * weight[d] - (x[i] * r ** 3 * inner) / width;
      dWeight[d] += dy[i] * x[i] * r;
    }
  }
  return { dx, dWeight };
}
