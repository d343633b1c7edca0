/** A linear layer whose weight may be in several parts: the same products as kernels/linear.ts, part by part. */
import * as linear from '../kernels/linear.ts';
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import type { Projection } from './weights.ts';

/** Where a product is recorded, and scratch memory for it. */
interface Work {
  readonly recorder: Recorder;
  readonly scope: Scope;
}

/**
 * y = x wT (+ bias) (+ residual). y is another buffer than residual.
 * @param firstColumn of y [rows, ..], at which the product starts: a multiple of 4
 */
export function project(
  { recorder, scope }: Work,
  projection: Projection,
  x: Tensor,
  y: Tensor,
  residual?: Tensor,
  firstColumn = 0,
): void {
  let column = firstColumn;
  for (const { w, bias } of projection.parts) {
    linear.forward(recorder, { x, w, bias, residual, y, column, scratch: scope });
    column += w.rows;
  }
}

/** dx = dy w, or dx += dy w. */
export function projectBack(
  { recorder, scope }: Work,
  projection: Projection,
  dy: Tensor,
  dx: Tensor,
  accumulate = false,
): void {
  let column = 0;
  for (const { w } of projection.parts) {
    linear.inputGrad(recorder, { dy, w, dx, accumulate: accumulate || column > 0, column, scratch: scope });
    column += w.rows;
  }
}
