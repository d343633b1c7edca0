/**
 * What the tests of the attention kernels share: packed sequences, random operands, and forward and backward held to the
 * oracle. Test code only, as testing.ts.
 */
import { Gpu } from '../device/gpu.ts';
import { ATTENTION_VARIANTS } from './attention-choice.ts';
import type { AttentionVariant } from './attention-variant.ts';
import * as attention from './attention.ts';
import { type Bench, expectClose, FORWARD, GRADIENT, normalFloats } from './testing.ts';

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** What may differ between model families. */
export type Variant = Pick<attention.AttentionShape, 'scale' | 'softcap' | 'window'>;

export interface Rows {
  readonly queryRows: number;
  readonly keyRows: number;
  readonly runs: readonly attention.QueryRun[];
}

export interface Values {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

/** Those that the adapter can run: each is forced in turn. */
export async function runningVariants(): Promise<AttentionVariant[]> {
  const gpu = await Gpu.open();
  try {
    return ATTENTION_VARIANTS.filter((variant) => variant.runsOn(gpu.report));
  } finally {
    gpu.close();
  }
}

/** Sequences end to end, whose queries and keys are the same rows. */
export function packed(lengths: readonly number[]): Rows {
  let first = 0;
  const runs = lengths.map((count) => {
    first += count;
    return { firstQuery: first - count, count, firstKey: first - count, visible: 0 };
  });
  return { queryRows: first, keyRows: first, runs };
}

/** Standard normal operands, with scores as large as `spread` times those of standard normal ones. */
export function randomValues(
  { heads, kvHeads, headDim }: Heads,
  { queryRows, keyRows }: Rows,
  spread = 1,
): Values {
  const normal = normalFloats(queryRows * 100 + headDim);
  const keys = keyRows * kvHeads * headDim;
  return { q: normal(queryRows * heads * headDim, spread), k: normal(keys), v: normal(keys) };
}

/** What the oracle takes for the same. */
export function oracleOptions(
  shape: Heads & Variant,
  { queryRows, keyRows, runs }: Rows,
  values: Values,
): Parameters<typeof attention.oracle.attentionForward>[0] {
  const blocks = runs.map(({ firstQuery, count, firstKey, visible }) => {
    return { queryStart: firstQuery, count, keyStart: firstKey, firstPosition: visible };
  });
  return { ...shape, ...values, queryRows, keyRows, blocks };
}

/** Everything the forward takes, on the GPU. */
export function tensors(
  bench: Bench,
  shape: Heads & Variant,
  { queryRows, keyRows, runs }: Rows,
  values: Values,
): attention.AttentionForward {
  const { heads, kvHeads, headDim, window } = shape;
  const words = attention.planBlocks(runs);
  const blocks = bench.words(words, [words.length / attention.BLOCK_WORDS, attention.BLOCK_WORDS]);
  return {
    ...{ ...shape, blocks, work: attention.scoreWork(words, window), longest: attention.longestBlock(words) },
    q: bench.floats(values.q, [queryRows, heads * headDim]),
    k: bench.floats(values.k, [keyRows, kvHeads * headDim]),
    v: bench.floats(values.v, [keyRows, kvHeads * headDim]),
    out: bench.empty([queryRows, heads * headDim]),
    lse: bench.empty([queryRows, heads]),
  };
}

export async function runForward(bench: Bench, shape: Heads & Variant, rows: Rows, values: Values) {
  const given = tensors(bench, shape, rows, values);
  attention.forward(bench.recorder, given);
  return { given, out: await bench.read(given.out), lse: await bench.read(given.lse) };
}

/** Gradients for the given dout, after `runForward`. */
export async function runBackward(bench: Bench, given: attention.AttentionForward, dOut: Float32Array) {
  const gradients = {
    dout: bench.floats(dOut, given.q.shape),
    ...{ dq: bench.empty(given.q.shape), dk: bench.empty(given.k.shape), dv: bench.empty(given.v.shape) },
    delta: bench.empty(given.lse.shape),
  };
  attention.backward(bench.recorder, { ...given, ...gradients });
  const [dq, dk] = [await bench.read(gradients.dq), await bench.read(gradients.dk)];
  return { dq, dk, dv: await bench.read(gradients.dv) };
}

/** The forward against the oracle. */
export async function checkForward(
  bench: Bench,
  shape: Heads & Variant,
  rows: Rows,
  values: Values,
): Promise<attention.AttentionForward> {
  const what = `attention headDim ${shape.headDim}`;
  const { given, out, lse } = await runForward(bench, shape, rows, values);
  const expected = attention.oracle.attentionForward(oracleOptions(shape, rows, values));
  expectClose(`${what} out`, out, expected.out, FORWARD);
  expectClose(`${what} lse`, lse, expected.lse, FORWARD);
  return given;
}

/** Forward and backward against the oracle. */
export async function check(bench: Bench, shape: Heads & Variant, rows: Rows, values: Values): Promise<void> {
  const what = `attention headDim ${shape.headDim}`;
  const given = await checkForward(bench, shape, rows, values);
  const dOut = normalFloats(3)(values.q.length);
  const actual = await runBackward(bench, given, dOut);
  const expected = attention.oracle.attentionBackward({ ...oracleOptions(shape, rows, values), dOut });
  expectClose(`${what} dq`, actual.dq, expected.dq, GRADIENT);
  expectClose(`${what} dk`, actual.dk, expected.dk, GRADIENT);
  expectClose(`${what} dv`, actual.dv, expected.dv, GRADIENT);
}
