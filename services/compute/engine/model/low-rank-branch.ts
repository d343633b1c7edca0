/**
 * The low-rank branch of a linear layer, with the oracle's names (oracle/low-rank.ts):
 *   d = drop(x),  u = scale d Aᵀ,  y += u Bᵀ;      v = scale dy B,  dx += drop'(v A),  dB += dyᵀ u,  dA += vᵀ d
 * Nothing of the forward is kept: u and v are a rank wide, and d is a hash away.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import * as dropout from '../kernels/dropout.ts';
import * as linear from '../kernels/linear.ts';
import type { LowRank } from './weights.ts';

/** Where products are recorded, and scratch memory for them. */
export interface BranchWork {
  readonly recorder: Recorder;
  readonly scope: Scope;
  /** Of this pass's dropout masks, below 2^32; undefined: nothing is dropped. */
  readonly dropoutSeed?: number | undefined;
}

/** Gives u Bᵀ (+ residual), [rows, outputs], a new tensor. */
export function branchForward(work: BranchWork, branch: LowRank, x: Tensor, residual?: Tensor): Tensor {
  const { recorder, scope } = work;
  const d = dropped(work, branch, x);
  const u = hidden(work, branch, d);
  const added = scope.take([x.shape[0] ?? 0, branch.b.rows]);
  linear.forward(recorder, { x: u, w: branch.b, residual, y: added, scratch: scope });
  scope.give(u);
  if (d !== x) scope.give(d);
  return added;
}

/** dx += drop'(v A). */
export function branchBack(work: BranchWork, branch: LowRank, dy: Tensor, dx: Tensor): void {
  const { recorder, scope } = work;
  const v = hiddenGradient(work, branch, dy);
  const mask = maskOf(work, branch);
  if (mask === undefined) {
    linear.inputGrad(recorder, { dy: v, w: branch.a, dx, accumulate: true, scratch: scope });
  } else {
    const dd = scope.take(dx.shape);
    linear.inputGrad(recorder, { dy: v, w: branch.a, dx: dd, scratch: scope });
    dropout.backward(recorder, dd, dx, mask);
    scope.give(dd);
  }
  scope.give(v);
}

/** @param gradients of the branch's matrices, in their shapes: added to */
export function branchGradients(
  work: BranchWork,
  branch: LowRank,
  { x, dy }: { readonly x: Tensor; readonly dy: Tensor },
  gradients: { readonly a: Matrix; readonly b: Matrix },
): void {
  const { recorder, scope } = work;
  const d = dropped(work, branch, x);
  const [u, v] = [hidden(work, branch, d), hiddenGradient(work, branch, dy)];
  linear.weightGrad(recorder, { x: u, dy, dw: gradients.b });
  linear.weightGrad(recorder, { x: d, dy: v, dw: gradients.a });
  scope.give(u, v);
  if (d !== x) scope.give(d);
}

function maskOf({ dropoutSeed }: BranchWork, branch: LowRank): dropout.DropoutMask | undefined {
  if (dropoutSeed === undefined || branch.dropout === 0) return undefined;
  return { rate: branch.dropout, seed: dropoutSeed, stream: branch.stream };
}

/** d: x itself where nothing is dropped, else a new tensor. */
function dropped(work: BranchWork, branch: LowRank, x: Tensor): Tensor {
  const mask = maskOf(work, branch);
  if (mask === undefined) return x;
  const d = work.scope.take(x.shape);
  dropout.forward(work.recorder, x, d, mask);
  return d;
}

/** u, [rows, rank]. */
function hidden({ recorder, scope }: BranchWork, { a, scale }: LowRank, d: Tensor): Tensor {
  const plain = scope.take([d.shape[0] ?? 0, a.rows]);
  linear.forward(recorder, { x: d, w: a, y: plain, scratch: scope });
  return scaled(recorder, scope, plain, scale);
}

/** v, [rows, rank]. */
function hiddenGradient({ recorder, scope }: BranchWork, { b, scale }: LowRank, dy: Tensor): Tensor {
  const plain = scope.take([dy.shape[0] ?? 0, b.columns]);
  linear.inputGrad(recorder, { dy, w: b, dx: plain, scratch: scope });
  return scaled(recorder, scope, plain, scale);
}

/** In the place of `plain`. */
function scaled(recorder: Recorder, scope: Scope, plain: Tensor, scale: number): Tensor {
  const out = scope.take(plain.shape);
  dropout.scale(recorder, plain, out, scale);
  scope.give(plain);
  return out;
}
