/**
 * One transformer block of a Llama model, forward and backward:
 *   mid = x + O(attention(rotary(Q(n1)), rotary(K(n1)), V(n1))),  n1 = norm(x)
 *   out = mid + Down(silu(Gate(n2)) * Up(n2)),                     n2 = norm(mid)
 * The forward keeps a tape only when asked; the backward recomputes what is cheap (norms, activations) where weight
 * gradients need it.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import * as attention from '../kernels/attention.ts';
import * as rmsNorm from '../kernels/rms-norm.ts';
import * as rotary from '../kernels/rotary.ts';
import * as swiglu from '../kernels/swiglu.ts';
import type { GpuBatch } from './batch.ts';
import { project, projectBack } from './projection.ts';
import type { BlockWeights, Norm, Projection } from './weights.ts';

/** What of a model's configuration a block needs. */
export interface BlockShape {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
}

export interface BlockContext {
  readonly recorder: Recorder;
  readonly scope: Scope;
  readonly shape: BlockShape;
  readonly rotary: Tensor;
}

/** What a block's backward needs of its forward. All [rows, ...] of the batch. */
export interface BlockTape {
  readonly x: Tensor;
  readonly reciprocal1: Tensor;
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly mixed: Tensor;
  readonly lse: Tensor;
  readonly mid: Tensor;
  readonly reciprocal2: Tensor;
  readonly gate: Tensor;
  readonly up: Tensor;
}

/** Receives what weight gradients are made of, while the backward passes by. */
export interface WeightGradSink {
  /**
   * Gradient of a projection: dw += dyT x; of its rows firstRow … firstRow + rows - 1 only, where given (a vocabulary
   * comes in chunks).
   */
  projection(projection: Projection, x: Tensor, dy: Tensor, firstRow?: number, rows?: number): void;
  norm(norm: Norm, x: Tensor, reciprocal: Tensor, dy: Tensor): void;
}

/** Where keys and values of a batch are found and kept: themselves in training, a cache in decoding. */
export interface KeyValues {
  /** Takes the rows' new keys (rotated) and values; gives the tensors that queries attend to. */
  extend(k: Tensor, v: Tensor): { k: Tensor; v: Tensor };
}

/** Gives the block's output, a new tensor, and the tape when `keep`. x stays the caller's. */
export function blockForward(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  x: Tensor,
  keep: boolean,
  keyValues?: KeyValues,
): { out: Tensor; tape: BlockTape | undefined } {
  const { recorder, scope, shape } = context;
  const { heads, kvHeads, headDim } = shape;
  const rows = batch.rows;
  const [n1, reciprocal1] = norm(context, weights.inputNorm, x);
  const q = scope.take([rows, heads * headDim]);
  const k = scope.take([rows, kvHeads * headDim]);
  const v = scope.take([rows, kvHeads * headDim]);
  project(context, weights.q, n1, q);
  project(context, weights.k, n1, k);
  project(context, weights.v, n1, v);
  scope.give(n1);
  const turn = { positions: batch.positions, table: context.rotary, headDim };
  rotary.forward(recorder, { ...turn, x: q, heads });
  rotary.forward(recorder, { ...turn, x: k, heads: kvHeads });
  const seen = keyValues?.extend(k, v) ?? { k, v };
  const mixed = scope.take([rows, heads * headDim]);
  const lse = scope.take([rows, heads]);
  const { blocks, attentionWork: work } = batch;
  attention.forward(recorder, { heads, kvHeads, headDim, blocks, work, q, ...seen, out: mixed, lse });
  const mid = scope.take([rows, shape.hiddenSize]);
  project(context, weights.o, mixed, mid, x);
  const [n2, reciprocal2] = norm(context, weights.postNorm, mid);
  const gate = scope.take([rows, shape.intermediateSize]);
  const up = scope.take([rows, shape.intermediateSize]);
  project(context, weights.gate, n2, gate);
  project(context, weights.up, n2, up);
  scope.give(n2);
  const act = scope.take([rows, shape.intermediateSize]);
  swiglu.forward(recorder, { gate, up, act });
  const out = scope.take([rows, shape.hiddenSize]);
  project(context, weights.down, act, out, mid);
  scope.give(act);
  if (keep) return { out, tape: { x, reciprocal1, q, k, v, mixed, lse, mid, reciprocal2, gate, up } };
  scope.give(reciprocal1, q, k, v, mixed, lse, mid, reciprocal2, gate, up);
  return { out, tape: undefined };
}

/** Gives dx, a new tensor; the tape's tensors except x, and dout, are given back. */
export function blockBackward(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  tape: BlockTape,
  dout: Tensor,
  sink?: WeightGradSink,
): Tensor {
  const dmid = feedForwardBackward(context, weights, tape, dout, sink);
  context.scope.give(tape.mid, tape.reciprocal2, tape.gate, tape.up);
  const dx = attentionBackward(context, weights, batch, tape, dmid, sink);
  context.scope.give(dmid, tape.reciprocal1, tape.q, tape.k, tape.v, tape.mixed, tape.lse);
  return dx;
}

function feedForwardBackward(
  context: BlockContext,
  weights: BlockWeights,
  { mid, reciprocal2, gate, up }: BlockTape,
  dout: Tensor,
  sink?: WeightGradSink,
): Tensor {
  const { recorder, scope } = context;
  if (sink !== undefined) {
    const act = scope.take(gate.shape);
    swiglu.forward(recorder, { gate, up, act });
    sink.projection(weights.down, act, dout);
    scope.give(act);
  }
  const dup = scope.take(gate.shape);
  const dgate = scope.take(gate.shape);
  projectBack(context, weights.down, dout, dup);
  swiglu.backward(recorder, { gate, up, dactToDup: dup, dgate });
  const dn = scope.take(mid.shape);
  projectBack(context, weights.gate, dgate, dn);
  projectBack(context, weights.up, dup, dn, true);
  if (sink !== undefined) {
    const [n2, reciprocal] = norm(context, weights.postNorm, mid);
    sink.projection(weights.gate, n2, dgate);
    sink.projection(weights.up, n2, dup);
    sink.norm(weights.postNorm, mid, reciprocal, dn);
    scope.give(n2, reciprocal);
  }
  scope.give(dgate, dup);
  const dmid = scope.take(mid.shape);
  const weight = weights.postNorm.weight;
  rmsNorm.backward(recorder, { x: mid, weight, reciprocal: reciprocal2, dy: dn, through: dout, dx: dmid });
  scope.give(dn, dout);
  return dmid;
}

function attentionBackward(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  { x, reciprocal1, q, k, v, mixed, lse }: BlockTape,
  dmid: Tensor,
  sink?: WeightGradSink,
): Tensor {
  const { recorder, scope, shape } = context;
  const { heads, kvHeads, headDim } = shape;
  sink?.projection(weights.o, mixed, dmid);
  const dmixed = scope.take(mixed.shape);
  projectBack(context, weights.o, dmid, dmixed);
  const dq = scope.take(q.shape);
  const dk = scope.take(k.shape);
  const dv = scope.take(v.shape);
  const delta = scope.take(lse.shape);
  const { blocks, attentionWork: work } = batch;
  attention.backward(recorder, {
    ...{ heads, kvHeads, headDim, blocks, work, q, k, v, out: mixed, lse },
    ...{ dout: dmixed, dq, dk, dv, delta },
  });
  scope.give(dmixed, delta);
  const turn = { positions: batch.positions, table: context.rotary, headDim };
  rotary.backward(recorder, { ...turn, x: dq, heads });
  rotary.backward(recorder, { ...turn, x: dk, heads: kvHeads });
  const dn = scope.take(x.shape);
  projectBack(context, weights.q, dq, dn);
  projectBack(context, weights.k, dk, dn, true);
  projectBack(context, weights.v, dv, dn, true);
  if (sink !== undefined) {
    const [n1, reciprocal] = norm(context, weights.inputNorm, x);
    sink.projection(weights.q, n1, dq);
    sink.projection(weights.k, n1, dk);
    sink.projection(weights.v, n1, dv);
    sink.norm(weights.inputNorm, x, reciprocal, dn);
    scope.give(n1, reciprocal);
  }
  scope.give(dq, dk, dv);
  const dx = scope.take(x.shape);
  const weight = weights.inputNorm.weight;
  rmsNorm.backward(recorder, { x, weight, reciprocal: reciprocal1, dy: dn, through: dmid, dx });
  scope.give(dn);
  return dx;
}

/** A norm's output and reciprocal, both new tensors. */
export function norm(context: BlockContext, { weight }: Norm, x: Tensor): [y: Tensor, reciprocal: Tensor] {
  const y = context.scope.take(x.shape);
  const reciprocal = context.scope.take([x.shape[0] ?? 0]);
  rmsNorm.forward(context.recorder, { x, weight, epsilon: context.shape.rmsNormEps, y, reciprocal });
  return [y, reciprocal];
}
