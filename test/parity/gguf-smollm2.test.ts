/**
 * Parity with PyTorch on a real model in a quantised GGUF file: SmolLM2-135M-Instruct, Q4_1 with a Q8_0 embedding.
 * PyTorch had the same weights dequantised to float32. Here they are run both ways: blocks kept on the GPU, and widened.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseLayer, meanCurve } from '../../services/compute/engine/attribution/layer-choice.ts';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import {
  signaturesOfBatch,
  type Signature,
  type SignatureOptions,
} from '../../services/compute/engine/attribution/signature.ts';
import { unitRowSum } from '../../services/compute/engine/attribution/vectors.ts';
import { answerPrompts } from '../../services/compute/engine/generation/answer.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { relativeError } from '../../services/compute/engine/oracle/compare.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';
import { readGolden, rowsOf, type Golden, type GoldenCase } from './golden.ts';

/** Layers whose token gradients are among the golden values. */
const TOKEN_LAYERS = [1, 15, 29, 30];

let gpu: Gpu;
let source: ModelSource;
/** With its weights kept quantised. */
let model: Model;
let golden: Golden;
let layers: number[];
const WAYS = ['widen', 'keep'] as const;
/** Of all cases, in their order, in one packed batch. */
const packed: Record<(typeof WAYS)[number], Signature[]> = { widen: [], keep: [] };
const worst = { loss: 0, nll: 0, hidden: 0, gradient: 0, tokenGradients: 0, logits: 0, scores: 0, curve: 0 };

beforeAll(async () => {
  gpu = await Gpu.open();
  golden = await readGolden('golden/smollm2-135m-instruct');
  for (const quantized of WAYS) {
    const started = performance.now();
    if (quantized === 'keep') model.close();
    source = await openModel(sharedPath('models/smollm2-135m-instruct'), { quantized });
    model = await Model.load(gpu, source);
    layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
    const loaded = performance.now();
    packed[quantized] = await signatures(golden.cases, { tokenGradients: true, curve: true });
    const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
    const took = seconds(loaded, performance.now());
    console.log(`${quantized}: loaded in ${seconds(started, loaded)} s, signatures in ${took} s`);
  }
});

afterAll(() => {
  model.close();
  gpu.close();
  console.log('worst over all cases and layers', worst);
});

function sampleOf(entry: GoldenCase): { name: string; inputIds: readonly number[]; promptLength: number } {
  return { name: entry.name, inputIds: entry.input_ids, promptLength: entry.prompt_length };
}

async function signatures(
  entries: readonly GoldenCase[],
  options: Partial<SignatureOptions>,
): Promise<Signature[]> {
  const results = await signaturesOfBatch(model, entries.map(sampleOf), { layers, ...options });
  return results.map((result) => {
    if ('error' in result) throw result.error;
    return result;
  });
}

function noteWorst(key: keyof typeof worst, value: number): void {
  worst[key] = Math.max(worst[key], value);
}

describe('SmolLM2-135M-Instruct, Q4_1, against PyTorch', () => {
  it('renders every case to the same ids, with the prompt ending at the same place', () => {
    for (const { name, prompt = '', response = '', input_ids, prompt_length } of golden.cases) {
      const rendered = renderSample(source, { prompt, response });
      expect(rendered.inputIds, name).toEqual(input_ids);
      expect(rendered.promptLength, name).toBe(prompt_length);
    }
  });

  it.each(WAYS)('gives losses, hidden states and gradients of all cases in one packed batch (%s)', (way) => {
    for (const [i, { loss, nll, layers: parts }] of packed[way].entries()) {
      const { name, loss: reference } = golden.cases[i];
      noteWorst('loss', Math.abs(loss - reference));
      expect(Math.abs(loss - reference), `${name}: loss`).toBeLessThanOrEqual(2e-5);
      const { values } = golden.tensor(`${name}/nll`);
      expect(nll.length).toBe(values.length);
      for (const [token, value] of nll.entries()) {
        const difference = Math.abs(value - values[token]);
        noteWorst('nll', difference);
        expect(difference, `${name}: nll of response token ${token}`).toBeLessThanOrEqual(1e-4);
      }
      for (const [layer, { hidden, gradient, tokenGradients = [] }] of parts) {
        const at = `${name}, layer ${layer}`;
        const rows = (what: string): Float32Array => rowsOf(golden.tensor(`${name}/${what}`), layer);
        noteWorst('hidden', expectClose(`${at}: hidden state`, hidden, rows('hidden'), 2e-5));
        noteWorst('gradient', expectClose(`${at}: gradient`, gradient, rows('gradient'), 5e-4));
        if (!TOKEN_LAYERS.includes(layer)) continue;
        const expected = golden.tensor(`${name}/token_gradients/${layer}`).values;
        noteWorst('tokenGradients', expectClose(`${at}: token gradients`, tokenGradients, expected, 2e-4));
      }
    }
  });

  it('gives the same whether weights are kept quantised or widened', () => {
    const differences = { loss: 0, hidden: 0, gradient: 0 };
    for (const [i, { loss, layers: parts }] of packed.keep.entries()) {
      const other = packed.widen[i];
      differences.loss = Math.max(differences.loss, Math.abs(loss - other.loss));
      for (const [layer, { hidden, gradient }] of parts) {
        const expected = other.layers.get(layer);
        const of = (values: Float32Array, others?: Float32Array): number =>
          relativeError(values, others ?? []);
        differences.hidden = Math.max(differences.hidden, of(hidden, expected?.hidden));
        differences.gradient = Math.max(differences.gradient, of(gradient, expected?.gradient));
      }
    }
    console.log('worst differences between kept and widened weights', differences);
    // Weights and orders of sums are the same; a compiler may still join other products with sums.
    expect(differences.loss).toBeLessThanOrEqual(1e-6);
    expect(differences.hidden).toBeLessThanOrEqual(1e-6);
    expect(differences.gradient).toBeLessThanOrEqual(1e-5);
  });

  it('gives the layer curve, and the layer that either rule chooses by it', () => {
    const curve = meanCurve(packed.keep.map(({ adjacentCosine }) => adjacentCosine ?? []));
    const reference = golden.layer_curve?.adjacent_cosine ?? [];
    expect(curve.length).toBe(reference.length);
    for (const [i, cosine] of curve.entries()) {
      noteWorst('curve', Math.abs(cosine - reference[i]));
      expect(Math.abs(cosine - reference[i]), `c[${i}]`).toBeLessThanOrEqual(1e-5);
    }
    expect(chooseLayer(curve, 'released')).toBe(golden.layer_curve?.rept_choice);
    // The golden values know only the released rule: ours must make the same choice from either curve.
    expect(chooseLayer(curve, 'deep')).toBe(chooseLayer(reference, 'deep'));
  });

  it('gives the logits at p', async () => {
    for (const entry of golden.cases) {
      const { promptLength, inputIds, ...sample } = sampleOf(entry);
      // What comes after p + 1 does not change them.
      const short = { ...sample, promptLength, inputIds: inputIds.slice(0, promptLength + 1) };
      const width = model.config.vocabSize;
      const logits = (await allLogits(model, short)).subarray(
        (promptLength - 1) * width,
        promptLength * width,
      );
      const expected = golden.tensor(`${entry.name}/logits_first`).values;
      noteWorst('logits', expectClose(`${entry.name}: logits at p`, logits, expected, 2e-5));
    }
  });

  it('gives token scores', async () => {
    const scores = golden.token_scores;
    if (scores === undefined) throw new Error('the golden values have no token scores');
    const query = packed.keep.find(({ sample }) => sample.name === scores.query);
    if (query === undefined) throw new Error('the query is none of the cases');
    const { promptLength, inputIds } = query.sample;
    const queries = new Map(
      TOKEN_LAYERS.map((layer) => {
        const rows = query.layers.get(layer)?.tokenGradients ?? new Float32Array();
        return [layer, unitRowSum(rows, model.config.hiddenSize, promptLength - 1, inputIds.length - 1)];
      }),
    );
    const sample = golden.cases.filter(({ name }) => name === scores.sample);
    const [result] = await signatures(sample, { layers: TOKEN_LAYERS, queries });
    for (const layer of TOKEN_LAYERS) {
      const found = result.layers.get(layer)?.tokenScores ?? [];
      noteWorst(
        'scores',
        expectClose(`layer ${layer}: token scores`, found, scores.by_layer[layer] ?? [], 1e-3),
      );
    }
  });

  it('answers as the model does', async () => {
    const prompt = 'What is the capital of France?';
    const [answer] = await answerPrompts(model, source, [prompt], { maxTokens: 16, temperature: 0, seed: 0 });
    expect(answer.output).toBe('The capital of France is Paris.');
  });
});
