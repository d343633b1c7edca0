/**
 * The least that one Llama block can do with, in dispatches and bytes, for a batch of rows. Pure.
 *
 * The fused design is written down dispatch by dispatch. What keeps dispatches apart is that one needs all of another's result
 * where a workgroup has only its part: attention needs keys of other rows, a product whole rows of what it multiplies. Norms,
 * rotations, activations and sums are taken along by the products beside them; the norm's backward by a product whose workgroups
 * hold whole rows. The gradients of keys and values are sums over queries, and are a dispatch of their own, since sums in no fixed
 * order would give other bits each time.
 *
 * The least bytes are those of a block in one piece: its weights once, in their stored precision, and what has to cross its border:
 * the input, the output, and between forward and backward the tape that block.ts keeps (nothing but x need be kept, for a second
 * forward). The rotary table and what says which rows belong together, some kilobytes, count nothing.
 */
import { DTYPE_BYTES } from '../../services/compute/engine/model/dtype.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import type { Touched } from './touched.ts';

export interface FusedDispatch extends Touched {
  readonly name: string;
}

export interface Least {
  readonly fused: readonly FusedDispatch[];
  readonly bytes: Touched;
}

/** Forward with nothing kept, forward that keeps a tape, and backward. */
export interface BlockLeast {
  readonly forward: Least;
  readonly taped: Least;
  readonly backward: Least;
}

/** Throws for a block of another make: its list would be another. */
export function leastOfBlock(config: ModelConfig, rows: number): BlockLeast {
  if (config.family !== 'llama' || config.attentionBias || config.mlpBias) {
    throw new Error(
      `the least of a block is written down for Llama's without biases, not for ${config.family}`,
    );
  }
  const s = sizesOf(config, rows);
  const { x, weights } = s;
  const tape = tapeOf(s);
  return {
    forward: {
      fused: forwardFused(s, false),
      bytes: { read: weights + x, written: x },
    },
    taped: {
      fused: forwardFused(s, true),
      bytes: { read: weights + x, written: x + tape },
    },
    backward: {
      fused: backwardFused(s),
      // The input, which the block before kept as its output, and the gradient of the output.
      bytes: { read: weights + tape + 2 * x, written: x },
    },
  };
}

/** Bytes that block.ts keeps of one row for the backward, the block's input included. */
export function tapeBytesPerRow(config: ModelConfig): number {
  const s = sizesOf(config, 1);
  return tapeOf(s) + s.x;
}

/** Bytes, of tensors in float32 unless they are weights. */
interface Sizes {
  /** [rows, hidden], queries' width, keys' width, the feed-forward's width. */
  readonly x: number;
  readonly q: number;
  readonly kv: number;
  readonly wide: number;
  /** A number of each row; of each row and head. */
  readonly stat: number;
  readonly perHead: number;
  readonly qkvWeights: number;
  readonly outWeights: number;
  /** Gate and up together; down. */
  readonly gateUpWeights: number;
  readonly downWeights: number;
  readonly norm: number;
  /** All of the block's. */
  readonly weights: number;
}

function sizesOf(config: ModelConfig, rows: number): Sizes {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  const stored = DTYPE_BYTES[config.dtype ?? 'F32'];
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const qkvWeights = stored * hiddenSize * (queries + 2 * keys);
  const outWeights = stored * hiddenSize * queries;
  const gateUpWeights = stored * hiddenSize * 2 * intermediateSize;
  const downWeights = stored * hiddenSize * intermediateSize;
  // Vectors are widened to float32 as a model is loaded.
  const norm = 4 * hiddenSize;
  return {
    ...{
      x: 4 * rows * hiddenSize,
      q: 4 * rows * queries,
      kv: 4 * rows * keys,
      wide: 4 * rows * intermediateSize,
    },
    ...{ stat: 4 * rows, perHead: 4 * rows * heads },
    ...{ qkvWeights, outWeights, gateUpWeights, downWeights, norm },
    weights: qkvWeights + outWeights + gateUpWeights + downWeights + 2 * norm,
  };
}

/** q, k, v, what attention gave, its sums of exponentials, mid, gate, up, and the statistics of two norms. */
function tapeOf({ x, q, kv, wide, stat, perHead }: Sizes): number {
  return 2 * q + 2 * kv + perHead + x + 2 * wide + 2 * stat;
}

function forwardFused(s: Sizes, keeps: boolean): FusedDispatch[] {
  const { x, q, kv, wide, norm } = s;
  const stat = keeps ? s.stat : 0;
  return [
    {
      name: 'norm, q k v, rotary',
      read: x + norm + s.qkvWeights,
      written: q + 2 * kv + stat,
    },
    { name: 'attention', read: q + 2 * kv, written: q + (keeps ? s.perHead : 0) },
    { name: 'out-projection, residual', read: q + s.outWeights + x, written: x },
    {
      name: 'norm, gate and up, activation',
      read: x + norm + s.gateUpWeights,
      written: wide + stat + (keeps ? 2 * wide : 0),
    },
    { name: 'down, residual', read: wide + s.downWeights + x, written: x },
  ];
}

function backwardFused(s: Sizes): FusedDispatch[] {
  const { x, q, kv, wide, stat, perHead, norm } = s;
  return [
    { name: 'down, activation', read: x + s.downWeights + 2 * wide, written: 2 * wide },
    {
      name: 'gate and up, norm, residual',
      read: 2 * wide + s.gateUpWeights + x + stat + norm + x,
      written: x,
    },
    { name: 'out-projection, delta', read: x + s.outWeights + q, written: q + perHead },
    {
      name: 'attention to queries, rotary',
      read: q + 2 * kv + 2 * perHead + q,
      written: q,
    },
    {
      name: 'attention to keys and values, rotary',
      read: q + 2 * kv + 2 * perHead + q,
      written: 2 * kv,
    },
    {
      name: 'q k v, norm, residual',
      read: q + 2 * kv + s.qkvWeights + x + stat + norm + x,
      written: x,
    },
  ];
}
