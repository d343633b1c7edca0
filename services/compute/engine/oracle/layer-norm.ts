/**
 * Layer normalisation (Ba, Kiros and Hinton, arXiv 1607.06450), over the last axis, with the biased variance:
 *   m[n] = mean_d(x[n, d]),   r[n] = 1 / sqrt(mean_d((x[n, d] - m[n])^2) + eps),
 *   y[n, d] = h[n, d] * weight[d] + bias[d],   h[n, d] = (x[n, d] - m[n]) * r[n].
 * x, y [N, D], weight, bias [D].
 *
 * Backward, with u[n, d] = dy[n, d] * weight[d]:
 *   dx[n, d] = r * (u[n, d] - mean_e(u[n, e]) - h[n, d] * mean_e(u[n, e] * h[n, e]))
 */
import { type Numbers, checkShape } from './numbers.ts';

interface LayerNormShape {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly rows: number;
  readonly width: number;
  readonly eps: number;
}

export interface LayerNormForward extends LayerNormShape {
  readonly bias: Numbers;
}

export interface LayerNormBackward extends LayerNormShape {
  /** dL/dy [N, D] */
  readonly dy: Numbers;
}

/** (m, r) of every row, [N, 2] */
export function layerNormStats({
  x,
  rows,
  width,
  eps,
}: Pick<LayerNormShape, 'x' | 'rows' | 'width' | 'eps'>): Float64Array {
  checkShape('x', x, rows, width);
  const stats = new Float64Array(rows * 2);
  for (let n = 0; n < rows; n++) {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += x[n * width + d];
    const mean = sum / width;
    let square = 0;
    for (let d = 0; d < width; d++) square += (x[n * width + d] - mean) ** 2;
    stats[n * 2] = mean;
    stats[n * 2 + 1] = 1 / Math.sqrt(square / width + eps);
  }
  return stats;
}

/** y [N, D] */
export function layerNormForward(options: LayerNormForward): Float64Array {
  const { x, weight, bias, rows, width } = options;
  checkShape('weight', weight, width);
  checkShape('bias', bias, width);
  const stats = layerNormStats(options);
  const y = new Float64Array(rows * width);
  for (let n = 0; n < rows; n++) {
    for (let d = 0; d < width; d++) {
      const i = n * width + d;
      y[i] = (x[i] - stats[n * 2]) * stats[n * 2 + 1] * weight[d] + bias[d];
    }
  }
  return y;
}

/** dx [N, D] */
export function layerNormBackward(options: LayerNormBackward): Float64Array {
  const { x, weight, dy, rows, width } = options;
  checkShape('weight', weight, width);
  checkShape('dy', dy, rows, width);
  const stats = layerNormStats(options);
  const dx = new Float64Array(rows * width);
  for (let n = 0; n < rows; n++) {
    const mean = stats[n * 2];
    const r = stats[n * 2 + 1];
    let sum = 0;
    let inner = 0;
    for (let d = 0; d < width; d++) {
      const u = dy[n * width + d] * weight[d];
      sum += u;
      inner += u * (x[n * width + d] - mean) * r;
    }
    for (let d = 0; d < width; d++) {
      const i = n * width + d;
      const h = (x[i] - mean) * r;
      dx[i] = r * (dy[i] * weight[d] - sum / width - (h * inner) / width);
    }
  }
  return dx;
}
