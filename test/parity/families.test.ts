/**
 * What the golden values of tiny-random.test.ts cannot say of every family: that each loads in each dtype, with an adapter on
 * all its linear layers, and decodes with its cache as it reads whole texts. The first two are held against the same
 * model written out in float32, to the last bit.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import {
  signaturesOfBatch,
  type Signature,
  type SignatureOptions,
} from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { generate } from '../../services/compute/engine/generation/generate.ts';
import {
  decodeFloats,
  encodeFloats,
  isDType,
  type DType,
} from '../../services/compute/engine/model/dtype.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import { linearModules, type LinearModule } from '../../services/compute/engine/model/lora/targets.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { writeSafetensors } from '../../services/compute/engine/model/safetensors-writer.ts';
import { factors, writeAdapter, type AdapterTensors } from '../adapters.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';

const FAMILIES = ['llama', 'mistral', 'qwen2', 'qwen3', 'olmo2', 'gemma2', 'phi3', 'gpt-neox', 'gpt2'];
const DTYPES: readonly DType[] = ['F32', 'F16', 'BF16'];

/** Of float32 sums in another order. */
const ROUNDING = 2e-5;
const RANK = 3;
const ALPHA = 6;
/** Long enough for the windows of 12 to matter. */
const SAMPLES = [
  { name: 'a', inputIds: Array.from({ length: 30 }, (_, i) => (i * 37 + 11) % 160), promptLength: 12 },
  { name: 'b', inputIds: [5, 9, 140, 31, 77], promptLength: 2 },
];

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-families-'));
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true, force: true });
});

function sourceOf(name: string): Promise<ModelSource> {
  return openModelFolder(sharedPath(`models/tiny-random/${name}`));
}

/** A folder with the model's tensors as `change` gives them from their float32 values. */
async function written(
  name: string,
  to: string,
  dtype: DType,
  change: (tensor: string, values: Float32Array) => Float32Array,
): Promise<ModelSource> {
  const source = await sourceOf(name);
  const out = join(folder, to);
  await mkdir(out, { recursive: true });
  await copyFile(sharedPath(`models/tiny-random/${name}/config.json`), join(out, 'config.json'));
  const tensors = [...source.tensors].map(([tensor, info]) => ({
    ...{ name: tensor, dtype, shape: info.shape },
    data: async (): Promise<Float32Array> => {
      if (!isDType(info.dtype)) throw new Error(`${tensor} is quantised`);
      return change(tensor, decodeFloats(info.dtype, await source.readTensor(tensor)));
    },
  }));
  await writeSafetensors(join(out, 'model.safetensors'), tensors);
  return openModelFolder(out);
}

/** Every number of a model's signatures, at all layers and positions. */
async function numbersOf(source: ModelSource): Promise<number[]> {
  const model = await Model.load(gpu, source);
  try {
    const layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
    const options = { layers, tokenGradients: true, allPositions: true };
    return (await signaturesOfBatch(model, SAMPLES, options)).flatMap((result) => {
      if ('error' in result) throw result.error;
      const parts = [...result.layers.values()];
      return [
        ...result.nll,
        ...parts.flatMap(({ hiddenAll, tokenGradients }) => [
          ...(hiddenAll ?? []),
          ...(tokenGradients ?? []),
        ]),
      ];
    });
  } finally {
    model.close();
  }
}

describe.each(FAMILIES)('%s', (name) => {
  it.each(DTYPES)('gives the same from %s as from its values written out in float32', async (dtype) => {
    const narrowed = (values: Float32Array): Float32Array => decodeFloats(dtype, encodeFloats(dtype, values));
    const stored = await written(name, `${name}-${dtype}`, dtype, (_, values) => values);
    const wide = await written(name, `${name}-${dtype}-wide`, 'F32', (_, values) => narrowed(values));
    const numbers = await numbersOf(stored);
    expect(numbers.length).toBeGreaterThan(8000);
    expect(numbers).toEqual(await numbersOf(wide));
  });

  it('gives the same with an adapter on all linear layers as with W + scale B A written out', async () => {
    const source = await sourceOf(name);
    const modules = linearModules(source.config);
    const tensors = modules.reduce<AdapterTensors>((all, { name: module, outputs, inputs }, i) => {
      return { ...all, ...factors(module, outputs, inputs, RANK, 2 * i, 0.1) };
    }, {});
    const config = { r: RANK, lora_alpha: ALPHA, target_modules: 'all-linear' };
    const adapter = await openAdapter(await writeAdapter(join(folder, `${name}-adapter`), config, tensors));
    const byTensor = new Map(modules.map((module) => [`${module.name}.weight`, module]));
    const merged = await written(name, `${name}-merged`, 'F32', (tensor, values) => {
      const module = byTensor.get(tensor);
      return module === undefined ? values : mergedWeight(module, values, tensors);
    });
    const numbers = await numbersOf(adaptedModel(source, adapter));
    expect(numbers).toEqual(await numbersOf(merged));
    expect(numbers).not.toEqual(await numbersOf(source));
  });

  it('gives of the last block’s predicting rows alone what it gives of all rows', async () => {
    const model = await Model.load(gpu, await sourceOf(name));
    const last = model.config.layers;
    const tokenRows = { seed: 7 };
    // Down to layer 0, the last block's backward needs all of its rows.
    const all = await signed(model, SAMPLES, [0, last], { tokenRows });
    const rows = await signed(model, SAMPLES, [last], { tokenRows });
    const forward = await signed(model, SAMPLES, [0, last], { tokenRows, forwardOnly: true });
    const close = (what: string, actual: ArrayLike<number> = [], expected: ArrayLike<number> = []): void => {
      expectClose(`${name}: ${what}`, actual, expected, ROUNDING);
    };
    for (const [i, expected] of all.entries()) {
      for (const { nll, tokenRows: rowsOf, layers } of [rows[i], forward[i]]) {
        close('losses', nll, expected.nll);
        close('hidden states of tokens', rowsOf?.hidden, expected.tokenRows?.hidden);
        close('hidden state L', layers.get(last)?.hidden, expected.layers.get(last)?.hidden);
      }
      close('gradients of tokens', rows[i].tokenRows?.gradient, expected.tokenRows?.gradient);
      close('gradient L', rows[i].layers.get(last)?.gradient, expected.layers.get(last)?.gradient);
      close('hidden state 0', forward[i].layers.get(0)?.hidden, expected.layers.get(0)?.hidden);
      expect(forward[i].layers.get(0)?.gradient).toHaveLength(0);
      expect(forward[i].tokenRows?.gradient).toHaveLength(0);
    }
    model.close();
  });

  it('decodes with its cache what it says of the whole text', async () => {
    const model = await Model.load(gpu, await sourceOf(name));
    const prompts = SAMPLES.map(({ inputIds }) => inputIds);
    const options = { maxTokens: 24, temperature: 0, seed: 0, endIds: [], losses: true };
    for (const [i, { ids, nll }] of (await generate(model, prompts, options)).entries()) {
      const prompt = prompts[i] ?? [];
      expect(ids.length).toBe(24);
      const whole = { name: 'whole', inputIds: [...prompt, ...ids], promptLength: prompt.length };
      const logits = await allLogits(model, whole);
      const [{ nll: losses }] = await signed(model, [whole], []);
      expect(nll).toHaveLength(24);
      nll?.forEach((loss, t) => {
        expect(Math.abs(loss - losses[t])).toBeLessThan(1e-4);
      });
      for (const [t, id] of ids.entries()) {
        const row = (prompt.length - 1 + t) * model.config.vocabSize;
        const here = logits.subarray(row, row + model.config.vocabSize);
        // Equal but for rounding: the cache sums attention in another order.
        expect(here[id]).toBeGreaterThanOrEqual(Math.max(...here) - 1e-4);
      }
    }
    model.close();
  });
});

/** Throws for a sample without a signature. */
async function signed(
  model: Model,
  samples: readonly Sample[],
  layers: readonly number[],
  options: Partial<SignatureOptions> = {},
): Promise<Signature[]> {
  const results = await signaturesOfBatch(model, samples, { layers, ...options });
  return results.map((result) => {
    if ('error' in result) throw result.error;
    return result;
  });
}

/** One sum in float64 for each element, rounded once. */
function mergedWeight(
  { name, outputs, inputs, transposed }: LinearModule,
  values: Float32Array,
  tensors: AdapterTensors,
): Float32Array {
  const a = tensors[`base_model.model.${name}.lora_A.weight`].data;
  const b = tensors[`base_model.model.${name}.lora_B.weight`].data;
  const merged = values.slice();
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      let sum = 0;
      for (let k = 0; k < RANK; k++) sum += b[output * RANK + k] * a[k * inputs + input];
      merged[transposed ? input * outputs + output : output * inputs + input] += (ALPHA / RANK) * sum;
    }
  }
  return merged;
}
