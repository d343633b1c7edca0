/**
 * A linear layer whose weight may be in several parts: the same products as kernels/linear.ts, part by part; and beside it,
 * in the training of an adapter, its low-rank branch.
 */
import * as linear from '../kernels/linear.ts';
import { LinearInput } from '../kernels/linear-input.ts';
import type { Tensor } from '../device/tensor.ts';
import { branchBack, branchForward, type BranchWork } from './low-rank-branch.ts';
import type { Projection } from './weights.ts';

/** y = x wT (+ bias) (+ residual) (+ what the branch adds). y is another buffer than residual. */
export function project(
  work: BranchWork,
  projection: Projection,
  x: Tensor | LinearInput,
  y: Tensor,
  residual?: Tensor,
): void {
  projectAll(work, x, [{ projection, y, residual }]);
}

export interface Projected {
  readonly projection: Projection;
  readonly y: Tensor;
  readonly residual?: Tensor | undefined;
  /** Of y [rows, ..], at which the product starts: a multiple of 4, and 0 where there is a branch; default 0. */
  readonly firstColumn?: number;
}

/** Several projections of the same x, which stays the caller's. */
export function projectAll(work: BranchWork, x: Tensor | LinearInput, all: readonly Projected[]): void {
  const input = x instanceof LinearInput ? x : new LinearInput(work.recorder, work.scope, x);
  for (const projected of all) projectFrom(work, input, projected);
  if (input !== x) input.end();
}

function projectFrom(
  work: BranchWork,
  input: LinearInput,
  { projection: { parts, lowRank }, y, residual, firstColumn = 0 }: Projected,
): void {
  const { recorder, scope } = work;
  const added = lowRank === undefined ? undefined : branchForward(work, lowRank, input.x, residual);
  let column = firstColumn;
  for (const { w, bias } of parts) {
    const onto = added ?? residual;
    linear.forward(recorder, { x: input, w, bias, residual: onto, y, column, scratch: scope });
    column += w.rows;
  }
  if (added !== undefined) scope.give(added);
}

/** dx = dy w (+ what reaches x through the branch), or dx += that. */
export function projectBack(
  work: BranchWork,
  { parts, lowRank }: Projection,
  dy: Tensor,
  dx: Tensor,
  accumulate = false,
): void {
  const { recorder, scope } = work;
  let column = 0;
  for (const { w } of parts) {
    linear.inputGrad(recorder, { dy, w, dx, accumulate: accumulate || column > 0, column, scratch: scope });
    column += w.rows;
  }
  if (lowRank !== undefined) branchBack(work, lowRank, dy, dx);
}
