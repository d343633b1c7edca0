/** A second's check that this adapter computes right: kernels against their float64 oracles, and how fast it is. */
import { relativeError } from '../oracle/compare.ts';
import { attentionForward, causalBlocks } from '../oracle/attention.ts';
import { gatedBackward } from '../oracle/gated-activation.ts';
import { layerNormForward } from '../oracle/layer-norm.ts';
import { linearForward } from '../oracle/linear.ts';
import { rmsNormForward } from '../oracle/rms-norm.ts';
import { plainInvFreq, rotaryForward } from '../oracle/rotary.ts';
import { Random } from '../../../../lib/random.ts';
import * as attention from '../kernels/attention.ts';
import * as gatedActivation from '../kernels/gated-activation.ts';
import * as layerNorm from '../kernels/layer-norm.ts';
import * as linear from '../kernels/linear.ts';
import * as rmsNorm from '../kernels/rms-norm.ts';
import * as rotary from '../kernels/rotary.ts';
import { uploadFloats, uploadWords } from '../model/batch.ts';
import { Arena, type Scope } from './arena.ts';
import type { Gpu } from './gpu.ts';
import { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';

export interface KernelCheck {
  readonly kernel: string;
  /** Largest difference from the oracle over the largest magnitude. */
  readonly error: number;
  readonly passed: boolean;
}

export interface SelfCheck {
  readonly kernels: readonly KernelCheck[];
  /** Measured on a 256 x 512 x 512 linear layer. */
  readonly gigaflops: number;
}

/** Sums of a few hundred float32 products. */
const TOLERANCE = 1e-5;
const MEASURE_SECONDS = 0.5;

export async function selfCheck(gpu: Gpu): Promise<SelfCheck> {
  const recorder = new Recorder(gpu);
  const arena = new Arena(gpu);
  const scope = arena.scope();
  try {
    const bench: Bench = { recorder, scope, random: new Random(1) };
    const kernels: KernelCheck[] = [];
    for (const check of CHECKS) kernels.push(await check(bench));
    return { kernels, gigaflops: await measure(bench) };
  } finally {
    scope.end();
    arena.trim();
  }
}

interface Bench {
  readonly recorder: Recorder;
  readonly scope: Scope;
  readonly random: Random;
}

const CHECKS: readonly ((bench: Bench) => Promise<KernelCheck>)[] = [
  checkLinear,
  checkRmsNorm,
  checkLayerNorm,
  checkRotary,
  checkAttention,
  (bench) => checkActivation(bench, 'silu'),
  (bench) => checkActivation(bench, 'gelu'),
  (bench) => checkActivation(bench, 'gelu-tanh'),
];

async function checkLinear({ recorder, scope, random }: Bench): Promise<KernelCheck> {
  const [rows, inner, outer] = [33, 64, 50];
  const x = normal(random, rows * inner);
  const w = normal(random, outer * inner);
  const y = scope.take([rows, 52]);
  const matrix = {
    buffer: uploadFloats(recorder, scope, w).buffer,
    rows: outer,
    columns: inner,
    rowOffset: 0,
    dtype: 'f32',
  } as const;
  linear.forward(recorder, { x: uploadFloats(recorder, scope, x, [rows, inner]), w: matrix, y });
  const padded = await readBack(recorder, y);
  const actual = Float32Array.from(
    { length: rows * outer },
    (_, i) => padded[Math.floor(i / outer) * 52 + (i % outer)],
  );
  return verdict('linear', actual, linearForward({ x, weight: w, rows, inner, outer }));
}

async function checkRmsNorm({ recorder, scope, random }: Bench): Promise<KernelCheck> {
  const [rows, width, eps] = [33, 68, 1e-5];
  const x = normal(random, rows * width);
  const weight = normal(random, width);
  const y = scope.take([rows, width]);
  rmsNorm.forward(recorder, {
    x: uploadFloats(recorder, scope, x, [rows, width]),
    weight: uploadFloats(recorder, scope, weight),
    epsilon: eps,
    y,
    reciprocal: scope.take([rows]),
  });
  return verdict('rms norm', await readBack(recorder, y), rmsNormForward({ x, weight, rows, width, eps }));
}

async function checkLayerNorm({ recorder, scope, random }: Bench): Promise<KernelCheck> {
  const [rows, width, eps] = [33, 68, 1e-5];
  const x = normal(random, rows * width);
  const [weight, bias] = [normal(random, width), normal(random, width)];
  const y = scope.take([rows, width]);
  layerNorm.forward(recorder, {
    x: uploadFloats(recorder, scope, x, [rows, width]),
    weight: uploadFloats(recorder, scope, weight),
    bias: uploadFloats(recorder, scope, bias),
    epsilon: eps,
    y,
    stats: scope.take([rows, 2]),
  });
  const expected = layerNormForward({ x, weight, bias, rows, width, eps });
  return verdict('layer norm', await readBack(recorder, y), expected);
}

/** Half of every head turns, so that what passes through is checked too. */
async function checkRotary({ recorder, scope, random }: Bench): Promise<KernelCheck> {
  const [rows, headDim] = [33, 16];
  const positions = Uint32Array.from({ length: rows }, (_, n) => n);
  const invFreq = plainInvFreq(headDim / 2, 10_000);
  const table = rotary.rotaryTable(invFreq, rows);
  const at = uploadWords(recorder, scope, positions);
  const [queries, keys] = [3, 1].map((heads) => {
    const x = normal(random, rows * heads * headDim);
    const tensor = uploadFloats(recorder, scope, x, [rows, heads * headDim]);
    return {
      given: { x: tensor, positions: at, heads },
      expected: rotaryForward({ x, positions, invFreq, rows, heads, headDim }),
    };
  });
  rotary.forward(recorder, {
    ...{ queries: queries.given, keys: keys.given, headDim },
    table: uploadFloats(recorder, scope, table, [rows, invFreq.length, 2]),
  });
  const turned = [await readBack(recorder, queries.given.x), await readBack(recorder, keys.given.x)];
  const actual = Float32Array.from(turned.flatMap((x) => [...x]));
  return verdict('rotary', actual, Float64Array.of(...queries.expected, ...keys.expected));
}

async function checkActivation(
  { recorder, scope, random }: Bench,
  kind: gatedActivation.Activation,
): Promise<KernelCheck> {
  const [rows, width] = [33, 68];
  const [gate, up, dy] = [0, 1, 2].map(() => normal(random, rows * width));
  const upload = (values: Float32Array<ArrayBuffer>) => uploadFloats(recorder, scope, values, [rows, width]);
  const dgate = scope.take([rows, width]);
  const dactToDup = upload(dy);
  gatedActivation.backward(recorder, { kind, gate: upload(gate), up: upload(up), dactToDup, dgate });
  const expected = gatedBackward({ kind, gate, up, dy });
  const actual = [...(await readBack(recorder, dgate)), ...(await readBack(recorder, dactToDup))];
  return verdict(kind, Float32Array.from(actual), Float64Array.from([...expected.dGate, ...expected.dUp]));
}

async function checkAttention({ recorder, scope, random }: Bench): Promise<KernelCheck> {
  const [heads, kvHeads, headDim] = [4, 2, 16];
  const starts = [0, 1, 20, 57];
  const rows = 57;
  const q = normal(random, rows * heads * headDim);
  const k = normal(random, rows * kvHeads * headDim);
  const v = normal(random, rows * kvHeads * headDim);
  const runs = starts.slice(1).map((end, i) => {
    const start = starts[i] ?? 0;
    return { firstQuery: start, count: end - start, firstKey: start, visible: 0 };
  });
  const words = attention.planBlocks(runs);
  const out = scope.take([rows, heads * headDim]);
  attention.forward(recorder, {
    ...{ heads, kvHeads, headDim, work: attention.scoreWork(words), out, lse: scope.take([rows, heads]) },
    blocks: uploadWords(recorder, scope, words, [
      words.length / attention.BLOCK_WORDS,
      attention.BLOCK_WORDS,
    ]),
    q: uploadFloats(recorder, scope, q, [rows, heads * headDim]),
    k: uploadFloats(recorder, scope, k, [rows, kvHeads * headDim]),
    v: uploadFloats(recorder, scope, v, [rows, kvHeads * headDim]),
  });
  const expected = attentionForward({
    ...{ q, k, v, queryRows: rows, keyRows: rows, heads, kvHeads, headDim },
    blocks: causalBlocks(starts),
  });
  return verdict('attention', await readBack(recorder, out), expected.out);
}

async function measure({ recorder, scope, random }: Bench): Promise<number> {
  const [rows, inner, outer] = [256, 512, 512];
  const x = uploadFloats(recorder, scope, normal(random, rows * inner), [rows, inner]);
  const w = uploadFloats(recorder, scope, normal(random, outer * inner));
  const y = scope.take([rows, outer]);
  const matrix = { buffer: w.buffer, rows: outer, columns: inner, rowOffset: 0, dtype: 'f32' } as const;
  const once = async (): Promise<void> => {
    linear.forward(recorder, { x, w: matrix, y });
    await recorder.finish();
  };
  await once();
  const begun = performance.now();
  let runs = 0;
  while (performance.now() - begun < MEASURE_SECONDS * 1000) {
    await once();
    runs += 1;
  }
  return (runs * 2 * rows * inner * outer) / ((performance.now() - begun) / 1000) / 1e9;
}

async function readBack(recorder: Recorder, tensor: Tensor): Promise<Float32Array> {
  const [values = new Float32Array()] = await recorder.readFloats([tensor]);
  return values;
}

function verdict(kernel: string, actual: Float32Array, expected: Float64Array): KernelCheck {
  const error = relativeError(actual, expected);
  return { kernel, error, passed: error <= TOLERANCE };
}

function normal(random: Random, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => random.normal());
}
