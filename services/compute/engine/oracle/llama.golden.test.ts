/**
 * The float64 model against PyTorch's float32 values of ../shared (see golden/README.md there).
 */
import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';
import {
  type GoldenCase,
  goldenPresent,
  readCases,
  readConfig,
  readTensors,
  readWeights,
} from './golden-files.ts';
import { type LlamaGradients, type LlamaShape, llamaBackward } from './llama.ts';
import { plainInvFreq } from './rotary.ts';
import { tokenScores, unitRowSum } from './token-scores.ts';

/** A float32 reference is itself off by about this much. */
const TOLERANCE = 1e-5;

/** Rows of small gradients, once brought to unit length, carry more of its rounding. */
const UNIT_ROW_TOLERANCE = 5e-5;

const present = goldenPresent();

function shapeOf(config: Readonly<Record<string, unknown>>, options: Partial<LlamaShape> = {}): LlamaShape {
  const number = (key: string) => config[key] as number;
  const heads = number('num_attention_heads');
  const headDim = 'head_dim' in config ? number('head_dim') : number('hidden_size') / heads;
  return {
    layers: number('num_hidden_layers'),
    hiddenSize: number('hidden_size'),
    intermediateSize: number('intermediate_size'),
    heads,
    kvHeads: number('num_key_value_heads'),
    headDim,
    vocabSize: number('vocab_size'),
    normEps: number('rms_norm_eps'),
    invFreq: plainInvFreq(headDim, 10_000),
    ...options,
  };
}

/** All cases packed into one batch, and where each begins. */
function runPacked(
  shape: LlamaShape,
  weights: ReadonlyMap<string, Float32Array>,
  cases: readonly GoldenCase[],
) {
  const starts = [0];
  for (const { input_ids: ids } of cases) starts.push((starts.at(-1) ?? 0) + ids.length);
  const result = llamaBackward({
    ...{ shape, weights, starts },
    ids: cases.flatMap((each) => each.input_ids),
    promptLengths: cases.map((each) => each.prompt_length),
  });
  return { result, starts };
}

/** Row p of every layer, [L + 1, D] */
function rowOfLayers(states: LlamaGradients['hidden'], width: number, row: number): number[] {
  return states.flatMap((state) => [...state.subarray(row * width, (row + 1) * width)]);
}

describe.skipIf(!present)('the Llama oracle on stories260K', () => {
  const shape = shapeOf(present ? readConfig('models/stories260K/hf/config.json') : {});
  const cases = present ? readCases('golden/stories260K.json') : [];
  const golden = present ? readTensors('golden/stories260K.safetensors') : new Map<string, Float32Array>();
  const goldenOf = (name: string) => golden.get(name) ?? [];
  const weights = present ? readWeights('models/stories260K/hf') : new Map();
  const { result, starts } = present ? runPacked(shape, weights, cases) : { result: undefined, starts: [0] };
  const width = shape.hiddenSize;

  it.each(cases.map((each, b) => [each.name, each, b] as const))(
    'agrees with PyTorch on %s',
    (name, each, b) => {
      if (!result) return;
      const [first, end] = [starts[b], starts[b + 1]];
      const row = first + each.prompt_length - 1;
      expect(Math.abs(result.losses[b] / each.loss - 1)).toBeLessThan(TOLERANCE);
      expect(relativeError(result.nll[b], goldenOf(`${name}/nll`))).toBeLessThan(TOLERANCE);
      const rows = (states: Float64Array, size: number) => states.subarray(first * size, end * size);
      expect(relativeError(rows(result.logits, shape.vocabSize), goldenOf(`${name}/logits`))).toBeLessThan(
        TOLERANCE,
      );
      const hidden = result.hidden.flatMap((state) => [...rows(state, width)]);
      expect(relativeError(hidden, goldenOf(`${name}/hidden_all`))).toBeLessThan(TOLERANCE);
      const atP = rowOfLayers(result.gradients, width, row);
      expect(relativeError(atP, goldenOf(`${name}/gradient`))).toBeLessThan(TOLERANCE);
      for (const [l, gradient] of result.gradients.entries()) {
        const expected = goldenOf(`${name}/token_gradients/${l}`);
        expect(relativeError(rows(gradient, width), expected)).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('gives the token scores of the released functions', () => {
    if (!result) return;
    const {
      query,
      sample,
      by_layer: layers,
    } = readConfig('golden/stories260K.json').token_scores as {
      query: string;
      sample: string;
      by_layer: Record<string, number[]>;
    };
    const indexOf = (name: string) => cases.findIndex((each) => each.name === name);
    const [q, s] = [indexOf(query), indexOf(sample)];
    for (const [l, expected] of Object.entries(layers)) {
      const g = result.gradients[Number(l)];
      const first = starts[q] + cases[q].prompt_length - 1;
      const rows = starts.at(-1) ?? 0;
      const sum = unitRowSum({ g, rows, width, first, count: starts[q + 1] - 1 - first });
      const scores = tokenScores({ query: sum, g, rows, width }).subarray(starts[s], starts[s + 1]);
      expect(relativeError(scores, expected)).toBeLessThan(UNIT_ROW_TOLERANCE);
    }
  });
});

describe.skipIf(!present)('the Llama oracle on tiny random models', () => {
  it.each<[string, string, (headDim: number) => Partial<LlamaShape>]>([
    ['llama', 'an untied head', () => ({})],
    ['llama-linear-rope', 'all biases', (d) => ({ invFreq: plainInvFreq(d, 10_000).map((f) => f / 4) })],
    ['mistral', 'a sliding window', () => ({ window: 12 })],
    ['qwen2', 'q, k and v biases', (d) => ({ invFreq: plainInvFreq(d, 1e6) })],
    ['qwen3', 'per-head norms', (d) => ({ invFreq: plainInvFreq(d, 1e6) })],
  ])('agrees with PyTorch on %s (%s)', (model, _what, scaled) => {
    const folder = `models/tiny-random/${model}`;
    const plain = shapeOf(readConfig(`${folder}/config.json`));
    const shape = { ...plain, ...scaled(plain.headDim) };
    // adapter-*/… are with a LoRA adapter merged
    const cases = readCases(`${folder}.golden.json`).filter(({ name }) => !name.includes('/'));
    const golden = readTensors(`${folder}.golden.safetensors`);
    const { result, starts } = runPacked(shape, readWeights(folder), cases);
    for (const [b, { name, loss }] of cases.entries()) {
      expect(Math.abs(result.losses[b] / loss - 1)).toBeLessThan(TOLERANCE);
      for (const [kind, states] of [
        ['hidden', result.hidden],
        ['gradient', result.gradients],
      ] as const) {
        const own = states.flatMap((state) => [
          ...state.subarray(starts[b] * shape.hiddenSize, starts[b + 1] * shape.hiddenSize),
        ]);
        expect(relativeError(own, golden.get(`${name}/${kind}`) ?? [])).toBeLessThan(TOLERANCE);
      }
    }
  });
});
