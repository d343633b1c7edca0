/**
 * Causal attention with grouped queries over packed sequences (flash attention, arXiv 2205.14135): no T x T matrix is
 * stored, the backward recomputes the probabilities.
 * Shapes: q, out [query rows, heads * headDim], k, v [key rows, kvHeads * headDim], lse, delta [query rows, heads].
 */
import { f32Bits, type Grid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import { capBits } from './softcap.ts';

export * as oracle from '../oracle/attention.ts';

/** Lanes of a workgroup, as in shaders/lib/block.wgsl. */
const LANES = 8;
/** Queries (or keys) that a lane holds at most: with four keys (or queries) at a time, a 4 x 4 tile of scores. */
const PER_LANE = 4;
/** Numbers that a lane holds of each operand, its queries times headDim: wider heads leave it fewer queries. */
const LANE_WIDTH = 512;
/** Wider windows are no different, and rows plus this stay in 32 bits. */
const WIDEST_WINDOW = 2 ** 30;
export const BLOCK_QUERIES = LANES * PER_LANE;
export const BLOCK_WORDS = 5;

/** Some consecutive queries of one sequence that see the same keys and, each, one key more than the one before. */
export interface QueryRun {
  readonly firstQuery: number;
  readonly count: number;
  readonly firstKey: number;
  /** Keys before the one at the first query's own position. */
  readonly visible: number;
}

/** The blocks that workgroups take (see shaders/lib/block.wgsl), BLOCK_WORDS words each. */
export function planBlocks(runs: readonly QueryRun[]): Uint32Array<ArrayBuffer> {
  const words: number[] = [];
  for (const { firstQuery, count, firstKey, visible } of runs) {
    for (let i = 0; i < count; i += BLOCK_QUERIES) {
      words.push(
        firstQuery + i,
        Math.min(BLOCK_QUERIES, count - i),
        firstKey,
        visible + i,
        firstQuery + count,
      );
    }
  }
  return Uint32Array.from(words);
}

/** Queries of the longest of these blocks. */
export function longestBlock(blocks: Uint32Array): number {
  let longest = 0;
  for (let i = 0; i < blocks.length; i += BLOCK_WORDS) longest = Math.max(longest, blocks[i + 1]);
  return longest;
}

/**
 * Floating point operations of one product of scores, per head and head dimension: 2 for each visible pair. With a window,
 * those pairs that it leaves.
 */
export function scoreWork(blocks: Uint32Array, window = Infinity): number {
  let pairs = 0;
  for (let i = 0; i < blocks.length; i += BLOCK_WORDS) {
    const [count, visible] = [blocks[i + 1], blocks[i + 3]];
    // Queries that see all keys up to their own; those after them see `window` each.
    const whole = Math.min(count, Math.max(0, window - visible));
    pairs += whole * (visible + (whole + 1) / 2);
    if (whole < count) pairs += (count - whole) * window;
  }
  return 2 * pairs;
}

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** [blocks, BLOCK_WORDS] u32, from `planBlocks`. */
  readonly blocks: Tensor;
  /** From `scoreWork`, for planning. */
  readonly work: number;
  /** Queries of the longest block; BLOCK_QUERIES if absent. Where it has few, the forward holds no room for more. */
  readonly longest?: number | undefined;
  /** What scores are multiplied by; 1 / sqrt(headDim) if absent. */
  readonly scale?: number | undefined;
  /** Scores become softcap * tanh(score / softcap) before the softmax (Gemma 2); as they are if absent. */
  readonly softcap?: number | undefined;
  /** Keys that a query sees at most, its own included (`sliding_window` of transformers); all up to its own if absent. */
  readonly window?: number | undefined;
}

export interface AttentionForward extends AttentionShape {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly out: Tensor;
  readonly lse: Tensor;
}

export function forward(recorder: Recorder, attention: AttentionForward): void {
  const { heads, headDim, work, longest = BLOCK_QUERIES, blocks, q, k, v, out, lse } = attention;
  const rows = checkShapes(attention);
  // In decoding every block has one query: lanes with room for four would compute it four times.
  const perLane = longest <= LANES ? 1 : perLaneOf(headDim);
  expectShape('out', out, [rows, heads * headDim]);
  expectShape('lse', lse, [rows, heads]);
  recorder.run(
    {
      shader: 'attention_forward',
      constants: { ...constantsOf(recorder, attention), QUERIES: perLane },
    },
    paramsOf(attention),
    [blocks.buffer, q.buffer, k.buffer, v.buffer, out.buffer, lse.buffer],
    gridOf(attention, heads, Math.ceil(longest / (LANES * perLane))),
    2 * work * heads * headDim,
  );
}

/** Queries and keys are the same packed rows. */
export interface AttentionBackward extends AttentionForward {
  readonly dout: Tensor;
  readonly dq: Tensor;
  readonly dk: Tensor;
  readonly dv: Tensor;
  /** [rows, heads], scratch. */
  readonly delta: Tensor;
}

export function backward(recorder: Recorder, attention: AttentionBackward): void {
  const { heads, kvHeads, headDim, work, blocks, q, k, v, out, lse, dout, dq, dk, dv, delta } = attention;
  const rows = checkShapes(attention);
  const perLane = perLaneOf(headDim);
  expectShape('k', k, [rows, kvHeads * headDim]);
  expectShape('out', out, [rows, heads * headDim]);
  expectShape('dout', dout, [rows, heads * headDim]);
  expectShape('dq', dq, [rows, heads * headDim]);
  expectShape('dk', dk, [rows, kvHeads * headDim]);
  expectShape('dv', dv, [rows, kvHeads * headDim]);
  expectShape('lse', lse, [rows, heads]);
  expectShape('delta', delta, [rows, heads]);
  const constants = constantsOf(recorder, attention);
  const params = paramsOf(attention);
  recorder.run(
    { shader: 'attention_query_grad', constants: { ...constants, QUERIES: perLane } },
    params,
    [blocks, q, k, v, out, lse, dout, dq, delta].map((tensor) => tensor.buffer),
    gridOf(attention, heads, PER_LANE / perLane),
    3 * work * heads * headDim,
  );
  recorder.run(
    { shader: 'attention_key_grad', constants: { ...constants, KEYS: perLane } },
    params,
    [blocks, q, k, v, lse, delta, dout, dk, dv].map((tensor) => tensor.buffer),
    gridOf(attention, kvHeads, PER_LANE / perLane),
    4 * work * heads * headDim,
  );
}

/** 4 up to headDim 128, 2 up to 256, 1 beyond: a lane's memory stays what it is at 128. */
function perLaneOf(headDim: number): number {
  if (headDim * PER_LANE <= LANE_WIDTH) return PER_LANE;
  return headDim * 2 <= LANE_WIDTH ? 2 : 1;
}

/** Workgroups: blocks, heads, and the parts of a block. */
function gridOf({ blocks }: AttentionShape, heads: number, parts: number): Grid {
  return [blocks.shape[0] ?? 0, heads, parts];
}

function constantsOf(
  { gpu }: Recorder,
  { heads, kvHeads, headDim, window, softcap }: AttentionShape,
): Record<string, number | boolean> {
  return {
    ...{ HEAD_DIM4: headDim / 4, HEADS: heads, KV_HEADS: kvHeads, UNROLLED: !gpu.report.software },
    ...{ WINDOWED: window !== undefined, CAPPED: softcap !== undefined },
  };
}

function paramsOf({
  headDim,
  scale = 1 / Math.sqrt(headDim),
  window = 0,
  softcap,
}: AttentionShape): number[] {
  return [f32Bits(scale), headDim / 4, Math.min(window, WIDEST_WINDOW), capBits('attention scores', softcap)];
}

/** Throws INPUT_INVALID for a scale or window that means nothing (`capBits` checks the cap). */
function checkVariant({ scale = 1, window = 1 }: AttentionShape): void {
  if (Number.isFinite(scale) && Number.isInteger(window) && window >= 1) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `attention was given scale ${scale} and window ${window}`,
    'Give a finite scale and a window of at least one key, or leave them out.',
  );
}

function checkShapes(attention: AttentionForward): number {
  const { heads, kvHeads, headDim, blocks, q, k, v } = attention;
  const rows = q.shape[0] ?? 0;
  checkVariant(attention);
  expectMultipleOf4('headDim', headDim);
  if (heads % kvHeads !== 0) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${heads} attention heads cannot share ${kvHeads} key/value heads evenly`,
      'Use a number of heads that is a multiple of the key/value heads.',
    );
  }
  expectShape('q', q, [rows, heads * headDim]);
  expectShape('k', k, [k.shape[0] ?? 0, kvHeads * headDim]);
  expectShape('v', v, k.shape);
  expectShape('blocks', blocks, [blocks.shape[0] ?? 0, BLOCK_WORDS], 'u32');
  return rows;
}
