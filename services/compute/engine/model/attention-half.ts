/**
 * The first half of a block, attention, forward and backward:
 *   a = O(attention(rotary(norm(Q(n))), rotary(norm(K(n))), V(n))),   n = norm(x)
 * with those norms that the family has. What is added to the residual stream is norm(a) or a.
 */
import type { Tensor } from '../device/tensor.ts';
import * as attention from '../kernels/attention.ts';
import * as residual from '../kernels/residual.ts';
import * as rotary from '../kernels/rotary.ts';
import type { GpuBatch, QueryRows } from './batch.ts';
import type { BlockContext, KeyValues, WeightGradSink } from './block.ts';
import { normBackward, normForward, normInput, perHead } from './norms.ts';
import { project, projectAll, projectBack } from './projection.ts';
import { rowsAt, type WantedRows } from './wanted-rows.ts';
import type { BlockWeights, Norm } from './weights.ts';

/** What the backward needs of the forward. All [rows, ...] of the batch. */
export interface AttentionTape {
  readonly inputStats: Tensor | undefined;
  /** Queries and keys before their norms, where they have any, and the norms' statistics. */
  readonly rawQ: Tensor | undefined;
  readonly rawK: Tensor | undefined;
  readonly queryStats: Tensor | undefined;
  readonly keyStats: Tensor | undefined;
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mixed: Tensor;
  readonly lse: Tensor;
  /** What O gave, where a norm follows, and the norm's statistics. */
  readonly projected: Tensor | undefined;
  readonly postStats: Tensor | undefined;
}

export interface AttentionOptions {
  readonly keyValues?: KeyValues | undefined;
  /** Only these rows attend, and `mid` has no others; their x. The tape is then none that a backward could use. */
  readonly wanted?: (WantedRows & { readonly x: Tensor }) | undefined;
}

/** Gives mid = x + what attention adds, a new tensor, and the tape. x stays the caller's. */
export function attentionForward(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  x: Tensor,
  { keyValues, wanted }: AttentionOptions = {},
): { mid: Tensor; tape: AttentionTape } {
  const { recorder, scope, shape } = context;
  const { heads, kvHeads, headDim } = shape;
  const queries = wanted?.queries ?? batch;
  const stream = wanted?.x ?? x;
  const [n, inputStats] = normInput(context, weights.inputNorm, x);
  const projectedQ = scope.take([queries.rows, heads * headDim]);
  const projectedK = scope.take([batch.rows, kvHeads * headDim]);
  const v = scope.take([batch.rows, kvHeads * headDim]);
  const queryKind = { projection: weights.q, y: projectedQ };
  const others = [
    { projection: weights.k, y: projectedK },
    { projection: weights.v, y: v },
  ];
  if (wanted === undefined) {
    projectAll(context, n, [queryKind, ...others]);
  } else {
    const asking = n.x === x ? wanted.x : rowsAt(context, n.x, wanted);
    project(context, weights.q, asking, projectedQ);
    if (asking !== wanted.x) scope.give(asking);
    projectAll(context, n, others);
  }
  n.end();
  const [q, queryStats] = optionalNorm(context, weights.queryNorm, projectedQ);
  const [k, keyStats] = optionalNorm(context, weights.keyNorm, projectedK);
  turn(context, { x: q, positions: queries.positions }, { x: k, positions: batch.positions }, 'forward');
  const seen = keyValues?.extend(k, v) ?? { k, v };
  const mixed = scope.take([queries.rows, heads * headDim]);
  const lse = scope.take([queries.rows, heads]);
  attention.forward(recorder, { ...attentionShape(context, weights, queries), q, ...seen, out: mixed, lse });
  const tape = {
    ...{ inputStats, queryStats, keyStats, q, k, v, mixed, lse },
    rawQ: q === projectedQ ? undefined : projectedQ,
    rawK: k === projectedK ? undefined : projectedK,
  };
  const mid = scope.take([queries.rows, shape.hiddenSize]);
  if (weights.attentionPostNorm === undefined) {
    project(context, weights.o, mixed, mid, stream);
    return { mid, tape: { ...tape, projected: undefined, postStats: undefined } };
  }
  const projected = scope.take(mid.shape);
  project(context, weights.o, mixed, projected);
  const [added, postStats] = normForward(context, weights.attentionPostNorm, projected);
  residual.forward(recorder, { a: stream, b: added, out: mid });
  scope.give(added);
  return { mid, tape: { ...tape, projected, postStats } };
}

/**
 * @param dadded gradient with respect to what was added to the residual stream; stays the caller's
 * @param through gradient that reaches x past attention; given back, or used up
 * @returns dx, all of it
 */
export function attentionBackward(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  x: Tensor,
  tape: AttentionTape,
  { dadded, through }: { dadded: Tensor; through: Tensor },
  sink?: WeightGradSink,
): Tensor {
  const { recorder, scope } = context;
  const { q, k, v, mixed, lse, rawQ, rawK } = tape;
  const dprojected = backThrough(context, weights.attentionPostNorm, tape.projected, tape.postStats, dadded);
  sink?.projection(weights.o, mixed, dprojected);
  const dmixed = scope.take(mixed.shape);
  projectBack(context, weights.o, dprojected, dmixed);
  if (dprojected !== dadded) scope.give(dprojected);
  const dq = scope.take(q.shape);
  const dk = scope.take(k.shape);
  const dv = scope.take(v.shape);
  const delta = scope.take(lse.shape);
  attention.backward(recorder, {
    ...attentionShape(context, weights, batch),
    ...{ q, k, v, out: mixed, lse, dout: dmixed, dq, dk, dv, delta },
  });
  scope.give(dmixed, delta);
  turn(context, { x: dq, positions: batch.positions }, { x: dk, positions: batch.positions }, 'backward');
  const drawQ = backThrough(context, weights.queryNorm, rawQ, tape.queryStats, dq);
  const drawK = backThrough(context, weights.keyNorm, rawK, tape.keyStats, dk);
  if (sink !== undefined) {
    normGradient(sink, weights.queryNorm, rawQ, tape.queryStats, dq);
    normGradient(sink, weights.keyNorm, rawK, tape.keyStats, dk);
    const [n, stats] = optionalNorm(context, weights.inputNorm, x);
    sink.projection(weights.q, n, drawQ);
    sink.projection(weights.k, n, drawK);
    sink.projection(weights.v, n, dv);
    if (n !== x) scope.give(n);
    if (stats !== undefined) scope.give(stats);
  }
  // Without a norm before attention, its gradient joins what passed it by directly.
  const dn = weights.inputNorm === undefined ? through : scope.take(x.shape);
  projectBack(context, weights.q, drawQ, dn, dn === through);
  projectBack(context, weights.k, drawK, dn, true);
  projectBack(context, weights.v, dv, dn, true);
  scope.give(...new Set([dq, dk, dv, drawQ, drawK]));
  if (weights.inputNorm === undefined || tape.inputStats === undefined) return dn;
  sink?.norm(weights.inputNorm, x, tape.inputStats, dn);
  const dx = normBackward(context, weights.inputNorm, { x, stats: tape.inputStats, dy: dn, through });
  scope.give(dn, through);
  return dx;
}

/** What optional norms give: x itself where there is none. */
export function optionalNorm(
  context: BlockContext,
  norm: Norm | undefined,
  x: Tensor,
): [y: Tensor, stats: Tensor | undefined] {
  return norm === undefined ? [x, undefined] : normForward(context, norm, x);
}

/** The gradient before an optional norm: dy itself where there is none, else a new tensor. */
export function backThrough(
  context: BlockContext,
  norm: Norm | undefined,
  x: Tensor | undefined,
  stats: Tensor | undefined,
  dy: Tensor,
): Tensor {
  if (norm === undefined || x === undefined || stats === undefined) return dy;
  return normBackward(context, norm, { x, stats, dy });
}

/** Hands a head-wise norm's gradient to the sink, each head a row. */
function normGradient(
  sink: WeightGradSink,
  norm: Norm | undefined,
  x: Tensor | undefined,
  stats: Tensor | undefined,
  dy: Tensor,
): void {
  if (norm === undefined || x === undefined || stats === undefined) return;
  sink.norm(norm, perHead(x, norm), stats, perHead(dy, norm));
}

/** Queries and keys in place, or their gradients back. */
function turn(
  { recorder, shape, rotary: table }: BlockContext,
  queries: Omit<rotary.Turned, 'heads'>,
  keys: Omit<rotary.Turned, 'heads'>,
  direction: 'forward' | 'backward',
): void {
  if (table === undefined) return;
  const { heads, kvHeads, headDim } = shape;
  rotary[direction](recorder, {
    queries: { ...queries, heads },
    keys: { ...keys, heads: kvHeads },
    ...{ table, headDim },
  });
}

function attentionShape(
  { shape }: BlockContext,
  { layer }: BlockWeights,
  { blocks, longestBlock: longest, attentionWork }: QueryRows,
): attention.AttentionShape {
  const { heads, kvHeads, headDim, attentionScale: scale, attentionSoftcap, windows } = shape;
  const window = windows[layer] ?? undefined;
  return {
    ...{ heads, kvHeads, headDim, blocks, longest, scale, window },
    work: attentionWork(window),
    softcap: attentionSoftcap ?? undefined,
  };
}
