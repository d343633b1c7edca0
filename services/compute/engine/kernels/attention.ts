/**
 * Causal attention with grouped queries over packed sequences (flash attention, arXiv 2205.14135): no T x T matrix is
 * stored, the backward recomputes the probabilities.
 * Shapes: q, out [query rows, heads * headDim], k, v [key rows, kvHeads * headDim], lse, delta [query rows, heads].
 */
import { f32Bits, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { ReptraceError } from '../../../../lib/errors.ts';

export * as oracle from '../oracle/attention.ts';

/** Lanes of a workgroup, as in shaders/lib/block.wgsl. */
const LANES = 8;
/** Queries (or keys) that a lane holds: with four keys (or queries) at a time, a 4 x 4 tile of scores. */
const PER_LANE = 4;
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

/** Floating point operations of one product of scores, per head and head dimension: 2 for each visible pair. */
export function scoreWork(blocks: Uint32Array): number {
  let pairs = 0;
  for (let i = 0; i < blocks.length; i += BLOCK_WORDS) {
    const count = blocks[i + 1];
    pairs += count * (blocks[i + 3] + (count + 1) / 2);
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
}

export interface AttentionForward extends AttentionShape {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly out: Tensor;
  readonly lse: Tensor;
}

export function forward(recorder: Recorder, attention: AttentionForward): void {
  const { heads, headDim, blocks, work, q, k, v, out, lse } = attention;
  const rows = checkShapes(attention);
  expectShape('out', out, [rows, heads * headDim]);
  expectShape('lse', lse, [rows, heads]);
  recorder.run(
    {
      shader: 'attention_forward',
      constants: { ...constantsOf(recorder, attention), QUERIES: PER_LANE },
    },
    paramsOf(attention),
    [blocks.buffer, q.buffer, k.buffer, v.buffer, out.buffer, lse.buffer],
    [blocks.shape[0] ?? 0, heads],
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
  const { heads, kvHeads, headDim, blocks, work, q, k, v, out, lse, dout, dq, dk, dv, delta } = attention;
  const rows = checkShapes(attention);
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
  const count = blocks.shape[0] ?? 0;
  recorder.run(
    { shader: 'attention_query_grad', constants: { ...constants, QUERIES: PER_LANE } },
    params,
    [blocks, q, k, v, out, lse, dout, dq, delta].map((tensor) => tensor.buffer),
    [count, heads],
    3 * work * heads * headDim,
  );
  recorder.run(
    { shader: 'attention_key_grad', constants: { ...constants, KEYS: PER_LANE } },
    params,
    [blocks, q, k, v, lse, delta, dout, dk, dv].map((tensor) => tensor.buffer),
    [count, kvHeads],
    4 * work * heads * headDim,
  );
}

function constantsOf(
  { gpu }: Recorder,
  { heads, kvHeads, headDim }: AttentionShape,
): Record<string, number | boolean> {
  return { HEAD_DIM4: headDim / 4, HEADS: heads, KV_HEADS: kvHeads, UNROLLED: !gpu.report.software };
}

function paramsOf({ headDim }: AttentionShape): number[] {
  return [f32Bits(1 / Math.sqrt(headDim)), headDim / 4];
}

function checkShapes({ heads, kvHeads, headDim, blocks, q, k, v }: AttentionForward): number {
  const rows = q.shape[0] ?? 0;
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
