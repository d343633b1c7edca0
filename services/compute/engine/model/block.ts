/**
 * One transformer block, forward and backward, composed as the model's config says:
 *   mid = x + attention(x),   out = mid + feedForward(mid)        one half after the other
 *   mid = x + attention(x),   out = mid + feedForward(x)          both reading the input (GPT-NeoX)
 * The halves hold their norms (attention-half.ts, feed-forward-half.ts). The forward keeps a tape only when asked; the
 * backward recomputes what is cheap (norms, activations) where weight gradients need it.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import { attentionBackward, attentionForward, type AttentionTape } from './attention-half.ts';
import type { GpuBatch } from './batch.ts';
import { feedForward, feedForwardBackward, type FeedForwardTape } from './feed-forward-half.ts';
import type { ModelConfig } from './model-config.ts';
import { rowsAt, type WantedRows } from './wanted-rows.ts';
import type { BlockWeights, Norm, Projection } from './weights.ts';

export interface BlockContext {
  readonly recorder: Recorder;
  readonly scope: Scope;
  readonly shape: ModelConfig;
  /** Table of the rotary embedding; undefined where positions are learned. */
  readonly rotary: Tensor | undefined;
  /** Of this pass's dropout masks (low-rank-branch.ts); undefined outside training steps: nothing is dropped. */
  readonly dropoutSeed?: number | undefined;
}

/** What a block's backward needs of its forward. */
export interface BlockTape {
  readonly x: Tensor;
  readonly attention: AttentionTape;
  /** Undefined where the feed-forward reads x. */
  readonly mid: Tensor | undefined;
  readonly feedForward: FeedForwardTape;
}

/** Receives what weight gradients are made of, while the backward passes by. */
export interface WeightGradSink {
  /**
   * Gradient of a projection: dw += dyT x; of its rows firstRow … firstRow + rows - 1 only, where given (a vocabulary
   * comes in chunks).
   */
  projection(projection: Projection, x: Tensor, dy: Tensor, firstRow?: number, rows?: number): void;
  norm(norm: Norm, x: Tensor, stats: Tensor, dy: Tensor): void;
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
  const { scope, shape } = context;
  const attended = attentionForward(context, weights, batch, x, { keyValues });
  const { mid } = attended;
  // What only the backward needs is free for the feed-forward otherwise.
  if (!keep) scope.give(...tensorsOf(attended.tape));
  const fed = feedForward(context, weights, shape.parallel ? x : mid, mid);
  if (!keep) scope.give(...tensorsOf(fed.tape));
  if (!keep || shape.parallel) scope.give(mid);
  if (!keep) return { out: fed.out, tape: undefined };
  const tape = {
    x,
    attention: attended.tape,
    mid: shape.parallel ? undefined : mid,
    feedForward: fed.tape,
  };
  return { out: fed.out, tape };
}

/** Those rows of `blockForward`'s output that are wanted, a new tensor. x stays the caller's. */
export function blockForwardOf(
  context: BlockContext,
  weights: BlockWeights,
  batch: GpuBatch,
  x: Tensor,
  wanted: WantedRows,
): Tensor {
  const { scope, shape } = context;
  const own = rowsAt(context, x, wanted);
  const { mid, tape } = attentionForward(context, weights, batch, x, { wanted: { ...wanted, x: own } });
  scope.give(...tensorsOf(tape));
  const fed = feedForward(context, weights, shape.parallel ? own : mid, mid);
  scope.give(...tensorsOf(fed.tape), own, mid);
  return fed.out;
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
  const { scope } = context;
  const { x, mid } = tape;
  const through = feedForwardBackward(context, weights, mid ?? x, tape.feedForward, dout, sink);
  scope.give(...tensorsOf(tape.feedForward));
  if (mid !== undefined) scope.give(mid, dout);
  // One after the other, all that reaches mid went through attention too; side by side, only the block's own gradient.
  const dadded = mid === undefined ? dout : through;
  const dx = attentionBackward(context, weights, batch, x, tape.attention, { dadded, through }, sink);
  scope.give(...tensorsOf(tape.attention));
  if (mid === undefined) scope.give(dout);
  return dx;
}

function tensorsOf(tape: AttentionTape | FeedForwardTape): Tensor[] {
  return Object.values(tape).filter((tensor): tensor is Tensor => tensor !== undefined);
}
