/** Models larger than the memory that they may use: the same results to the last bit, and never more memory than that. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { globals } from 'webgpu';
import { groupBatches } from '../../services/compute/engine/attribution/group-batches.ts';
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import {
  countMemory,
  planMemory,
  weightBytes,
  type MemoryPlan,
} from '../../services/compute/engine/attribution/memory-plan.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import {
  signaturesOfBatch,
  signaturesOfGroup,
  type SignatureOptions,
} from '../../services/compute/engine/attribution/signature.ts';
import { signatureBatches } from '../../services/compute/engine/attribution/signature-batches.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { watchMemory } from '../../services/compute/engine/device/testing.ts';
import { generate } from '../../services/compute/engine/generation/generate.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { parseModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { writeSafetensors } from '../../services/compute/engine/model/safetensors-writer.ts';
import { CHUNK_IDS } from '../../services/compute/engine/model/weights.ts';
import { fromSeed } from '../../services/compute/engine/training/initial-weights.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import type { ModelSource, WeightVisitor } from '../../services/compute/engine/model/model-source.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { Random } from '../../lib/random.ts';
import { factors, writeAdapter, type AdapterTensors } from '../adapters.ts';
import { writeDeepModel } from '../deep-model.ts';
import { sharedPath } from '../shared.ts';

const { GPUOutOfMemoryError } = globals as typeof globalThis;
const TINY = 'models/tiny-random';
const STORIES = sharedPath('models/stories260K/hf');

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-streaming-'));
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

/** Batches of two samples, some 16 tokens each; in the first one no head has enough rows for outer products. */
function someBatches(source: Pick<ModelSource, 'config'>, count: number): Sample[][] {
  const random = new Random(7);
  const sample = (name: string, length: number): Sample => ({
    name,
    inputIds: Array.from({ length }, () => random.int(source.config.vocabSize)),
    promptLength: 1 + random.int(length - 2),
  });
  return Array.from({ length: count }, (_, i) => [sample(`${i}a`, 5 + i), sample(`${i}b`, 12 - i)]);
}

/** All that can be asked for, at the first, a middle and the last layer. */
function everything({ config: { layers, hiddenSize } }: ModelSource): SignatureOptions[] {
  const middle = Math.ceil(layers / 2);
  const query = new Map([[middle, Float32Array.from({ length: hiddenSize }, (_, i) => Math.sin(i))]]);
  return [
    { layers: [layers] },
    { layers: [middle], queries: query },
    { layers: [0, middle, layers], tokenGradients: true, allPositions: true },
    { layers: [1], curve: true },
    { layers: [], curve: true },
  ];
}

async function streamed(source: ModelSource, memory: number): Promise<{ model: Model; plan: MemoryPlan }> {
  let plan: MemoryPlan | undefined;
  const onStreaming = (found: MemoryPlan): void => {
    plan = found;
  };
  const model = await loadModel(gpu, source, { memory, onStreaming });
  if (plan === undefined) throw new Error('the model was not streamed');
  expect(model.weights.streamed).toBe(true);
  return { model, plan };
}

/** Results of groups as they fit, one after the other. */
async function signAll(
  model: Model,
  batches: readonly Sample[][],
  options: SignatureOptions,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const group of groupBatches(model, batches, options)) {
    results.push(...(await signaturesOfGroup(model, group, options)));
  }
  return results;
}

/** What the whole model gives, batch by batch. */
async function expectedOf(
  source: ModelSource,
  batches: readonly Sample[][],
  wanted: readonly SignatureOptions[],
): Promise<unknown[][]> {
  const whole = await Model.load(gpu, source);
  const results = [];
  for (const options of wanted) {
    const list = [];
    for (const batch of batches) list.push(await signaturesOfBatch(whole, batch, options));
    expect(list.flat().some((result) => 'error' in result)).toBe(false);
    results.push(list);
  }
  whole.close();
  return results;
}

/** Deep enough that a quarter of the weights holds two blocks, what is outside them and a small batch. */
const DEEP = [
  ['llama', 96],
  ['gemma2', 128],
  ['gpt-neox', 128],
  ['gpt2', 96],
] as const;

async function expectSameInAQuarter(source: ModelSource): Promise<void> {
  const memory = Math.floor(weightBytes(source).total / 4);
  const batches = someBatches(source, 2);
  const { layers } = source.config;
  const wanted = [
    { layers: [layers - 1], curve: true },
    { layers: [0, layers / 2], tokenGradients: true },
  ];
  const expected = await expectedOf(source, batches, wanted);
  const watch = watchMemory(gpu);
  const { model } = await streamed(source, memory);
  for (const [i, options] of wanted.entries()) {
    expect(await signAll(model, batches, options)).toEqual(expected[i]);
  }
  expect(watch.peak()).toBeGreaterThan(model.weights.bytes);
  expect(watch.peak()).toBeLessThanOrEqual(memory);
  model.close();
}

describe('with a quarter of its weights as memory', () => {
  it.each(DEEP)('a %s of %i blocks gives the same to the last bit', async (name, layers) => {
    const dir = await writeDeepModel(join(folder, name), sharedPath(`${TINY}/${name}`), layers);
    await expectSameInAQuarter(await openModelFolder(dir));
  });

  it('a model with an adapter gives the same to the last bit', async () => {
    const layers = 96;
    const dir = await writeDeepModel(join(folder, 'adapted'), sharedPath(`${TINY}/llama3-rope`), layers);
    const base = await openModelFolder(dir);
    const { hiddenSize, heads, headDim } = base.config;
    const tensors: AdapterTensors = {};
    for (let layer = 0; layer < layers; layer++) {
      const module = `model.layers.${layer}.self_attn.q_proj`;
      Object.assign(tensors, factors(module, heads * headDim, hiddenSize, 2, layer, 0.1));
    }
    const adapter = await writeAdapter(join(dir, 'adapter'), {}, tensors);
    await expectSameInAQuarter(adaptedModel(base, await openAdapter(adapter)));
  });
});

/** A vocabulary of three chunks, the last one short, and nothing much else. */
async function wideModel(tied: boolean): Promise<ModelSource> {
  const dir = join(folder, `wide-${String(tied)}`);
  const config = {
    ...{ model_type: 'llama', hidden_size: 32, intermediate_size: 32, num_hidden_layers: 2 },
    ...{ num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 2 * CHUNK_IDS + 1001 },
    ...{ max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 10_000, tie_word_embeddings: tied },
  };
  const parsed = parseModelConfig(config);
  const initial = fromSeed(parsed, 11);
  const tensors = [];
  for (const spec of modelTensors(parsed)) {
    const values = (await initial(spec)).map((value) => value * 4);
    tensors.push({ name: spec.name, dtype: 'F16' as const, shape: spec.shape, data: values });
  }
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'config.json'), JSON.stringify(config));
  await writeSafetensors(join(dir, 'model.safetensors'), tensors);
  return openModelFolder(dir);
}

describe.each([true, false])('a vocabulary that is read in parts (head tied: %s)', (tied) => {
  it('gives the same signatures, logits and answers, to the last bit', async () => {
    const source = await wideModel(tied);
    const batches = someBatches(source, 3);
    const wanted = { layers: [0, 2], tokenGradients: true, curve: true };
    const [[sample] = []] = batches;
    if (sample === undefined) throw new Error('there is no sample');
    const answer = { maxTokens: 5, temperature: 0.8, seed: 3, endIds: [] };
    // Large bindings, and such as split every part again.
    for (const bindingLimit of [1 << 27, 4096 * 32 * 2]) {
      const whole = await Model.load(gpu, source, { bindingLimit });
      const expected = await signaturesOfGroup(whole, batches, wanted);
      for (const vocabularyParts of [1, 2, 3]) {
        const model = await Model.stream(gpu, source, { vocabularyParts, bindingLimit, memory: 64 << 20 });
        expect(model.weights.vocabularyParts).toBe(vocabularyParts);
        expect(await signaturesOfGroup(model, batches, wanted)).toEqual(expected);
        expect(await allLogits(model, sample)).toEqual(await allLogits(whole, sample));
        expect(await generate(model, [sample.inputIds], answer)).toEqual(
          await generate(whole, [sample.inputIds], answer),
        );
        model.close();
      }
      whole.close();
    }
  });

  it('needs less memory in more parts, which a plan makes use of', async () => {
    const source = await wideModel(tied);
    const { config, tensors } = source;
    const work = { batchTokens: 32, longestSample: 32, lowestLayer: 0 };
    const peaks = [];
    for (const vocabularyParts of [0, 1, 2, 3]) {
      const counted = { config, tensors, bindingLimit: Infinity, streaming: { vocabularyParts } };
      peaks.push(await countMemory(counted, someBatches(source, 1), { layers: [0] }));
    }
    expect([...peaks].sort((a, b) => b - a)).toEqual(peaks);
    const whole = await planMemory(source, { ...work, memory: null });
    const least = await planMemory(source, { ...work, memory: Math.floor(whole.peak * 0.75) });
    expect(least.streaming?.vocabularyParts).toBeGreaterThan(0);
    expect(least.peak).toBeLessThanOrEqual(Math.floor(whole.peak * 0.75));
  });
});

const PLACES: readonly (readonly [string, () => Promise<ModelSource>])[] = [
  ['a safetensors folder', () => openModelFolder(STORIES)],
  ['a GGUF file', () => openModel(sharedPath('models/stories260K/stories260Ktok512.gguf'))],
  ['shards of bfloat16', () => openModelFolder(sharedPath(`${TINY}/qwen2`))],
];

describe.each(PLACES)('blocks loaded in turn from %s', (_place, open) => {
  it.each([0, 1, 2])(
    'give all that can be asked for, to the last bit (parts of the vocabulary: %i)',
    async (vocabularyParts) => {
      const source = await open();
      const batches = someBatches(source, 3);
      const wanted = everything(source);
      const expected = await expectedOf(source, batches, wanted);
      const model = await Model.stream(gpu, source, { vocabularyParts, memory: 64 << 20 });
      for (const [i, options] of wanted.entries()) {
        // Once together, once one by one.
        expect(await signaturesOfGroup(model, batches, options)).toEqual(expected[i]);
        for (const [j, batch] of batches.entries()) {
          expect(await signaturesOfBatch(model, batch, options)).toEqual(expected[i]?.[j]);
        }
      }
      model.close();
    },
  );

  it('give the same logits and the same answers', async () => {
    const source = await open();
    const [[sample] = []] = someBatches(source, 1);
    if (sample === undefined) throw new Error('there is no sample');
    const whole = await Model.load(gpu, source);
    const model = await Model.stream(gpu, source, { vocabularyParts: 2, memory: 64 << 20 });
    expect(await allLogits(model, sample)).toEqual(await allLogits(whole, sample));
    const prompts = [[1, 5, 9], sample.inputIds];
    const options = { maxTokens: 12, temperature: 0.8, seed: 3, endIds: [] };
    expect(await generate(model, prompts, options)).toEqual(await generate(whole, prompts, options));
    model.close();
    whole.close();
  });
});

describe('a plan of memory', () => {
  it.each(['llama', 'gemma2', 'gpt-neox', 'gpt2', 'phi3', 'qwen3'])(
    'tells the bytes of the weights of %s, and bounds those of activations',
    async (name) => {
      const source = await openModelFolder(sharedPath(`${TINY}/${name}`));
      const model = await Model.load(gpu, source);
      const work = { memory: null, batchTokens: 96, longestSample: 32, lowestLayer: 1, kind: gpu };
      const plan = await planMemory(source, work);
      expect(plan).toMatchObject({
        mode: 'resident',
        streaming: null,
        peak: plan.weights.total + plan.activations,
      });
      expect(plan.weights.total).toBe(model.weights.bytes);
      const random = new Random(3);
      const samples = Array.from({ length: 3 }, (_, i) => ({
        name: `${i}`,
        inputIds: Array.from({ length: 32 }, () => random.int(source.config.vocabSize)),
        promptLength: 4,
      }));
      await signaturesOfBatch(model, samples, { layers: [1] });
      const { recorder, arena } = model;
      const rotary = plan.activations - recorder.bytes - arena.bytes;
      expect(rotary).toBeGreaterThanOrEqual(0);
      expect(plan.activations).toBeLessThanOrEqual(1.5 * (recorder.bytes + arena.bytes));
      model.close();
    },
  );

  it('is exactly what is made on the device, for whatever is asked', async () => {
    const source = await openModelFolder(STORIES);
    const { tensors, config } = source;
    const batches = someBatches(source, 3);
    for (const vocabularyParts of [0, 1]) {
      for (const options of everything(source)) {
        const counted = {
          config,
          tensors,
          bindingLimit: Infinity,
          kind: gpu,
          streaming: { vocabularyParts },
        };
        const watch = watchMemory(gpu);
        const model = await Model.stream(gpu, source, { vocabularyParts, memory: 64 << 20 });
        await signaturesOfGroup(model, batches, options);
        expect(watch.peak()).toBe(await countMemory(counted, batches, options));
        model.close();
        vi.restoreAllMocks();
      }
    }
  });

  it('takes more batches together the more memory there is, and halves one that is too large', async () => {
    const { config, tensors } = await openModelFolder(STORIES);
    const options = { layers: [0] };
    const sizes = async (memory: number, batches: Sample[][]): Promise<number[][]> => {
      const budget = { tensors, bytes: memory, bindingLimit: Infinity, streaming: { vocabularyParts: 0 } };
      const groups = [];
      for await (const group of groupBatches({ config, budget }, batches, options)) {
        groups.push(group.map((batch) => batch.length));
      }
      return groups;
    };
    const batches = someBatches({ config }, 6);
    expect(await sizes(64 << 20, batches)).toEqual([[2, 2, 2, 2, 2, 2]]);
    const counted = { config, tensors, bindingLimit: Infinity, streaming: { vocabularyParts: 0 } };
    const three = Math.max(
      await countMemory(counted, batches.slice(0, 3), options),
      await countMemory(counted, batches.slice(3), options),
    );
    expect((await sizes(three, batches)).length).toBe(2);
    const one = await countMemory(counted, [batches.flat()], options);
    expect(await sizes(one, [batches.flat()])).toEqual([[12]]);
    expect(await sizes(one - 1, [batches.flat()])).toEqual([[6, 6]]);
  });

  it('refuses too little memory, naming what is needed; and so does a sample that is too long', async () => {
    const source = await openModelFolder(STORIES);
    await expect(loadModel(gpu, source, { memory: 200_000 })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/needs [\d.]+ [KM]iB .* may use 195\.3 KiB/) as string,
    });
    const { peak } = await planMemory(source, {
      memory: null,
      batchTokens: 16,
      longestSample: 16,
      lowestLayer: 0,
    });
    const model = await Model.stream(gpu, source, { vocabularyParts: 0, memory: peak });
    const long = { name: 'long', inputIds: new Array<number>(500).fill(3), promptLength: 1 };
    await expect(signaturesOfBatch(model, [long], { layers: [0] })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('activations need') as string,
    });
    // The device is as healthy as before.
    const [batch = []] = someBatches(source, 1);
    expect(await signaturesOfBatch(model, batch, { layers: [5] })).toHaveLength(2);
    model.close();
  });
});

describe('a device that has too little memory for all weights', () => {
  /** From now on the device refuses buffers beyond so many bytes together, in the way that WebGPU does. */
  function limitDevice(limit: number): void {
    const watch = watchMemory(gpu);
    let before = 0;
    vi.spyOn(gpu.device, 'pushErrorScope').mockImplementation(() => {
      before = watch.bytes();
    });
    const refusal = new GPUOutOfMemoryError('refused by the test');
    vi.spyOn(gpu.device, 'popErrorScope').mockImplementation(() => {
      return Promise.resolve(watch.bytes() > limit && watch.bytes() > before ? refusal : null);
    });
  }

  it('is asked for less, and the model is streamed within what it gives', async () => {
    const dir = await writeDeepModel(join(folder, 'refused'), STORIES, 24);
    const source = await openModelFolder(dir);
    const batches = someBatches(source, 2);
    const [expected] = await expectedOf(source, batches, [{ layers: [20] }]);
    const { total } = weightBytes(source);
    limitDevice(total * 0.7);
    const told: number[] = [];
    const model = await loadModel(gpu, source, { onStreaming: (_plan, memory) => told.push(memory) });
    expect(told).toHaveLength(1);
    expect(told[0]).toBeLessThan(total * 0.7);
    expect(told[0]).toBeGreaterThan(total * 0.5);
    expect(model.weights.streamed).toBe(true);
    expect(await signAll(model, batches, { layers: [20] })).toEqual(expected);
    model.close();
    gpu.assertHealthy();
  });

  it('says that it is out of memory when even that is too much', async () => {
    const source = await openModelFolder(STORIES);
    limitDevice(1000);
    await expect(loadModel(gpu, source)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    gpu.assertHealthy();
  });
});

describe('rows of a tensor read alone', () => {
  const SMOLLM2 = sharedPath('models/smollm2-135m-instruct');
  it.each<[string, () => Promise<ModelSource>, string, number]>([
    ['a folder', () => openModelFolder(STORIES), 'model.embed_tokens.weight', 64],
    ['a GGUF file', () => openModel(SMOLLM2, { quantized: 'keep' }), 'model.embed_tokens.weight', 576],
    [
      'a widened GGUF file',
      () => openModel(SMOLLM2, { quantized: 'widen' }),
      'model.embed_tokens.weight',
      576,
    ],
    ['a model with an adapter', adapted, 'model.layers.1.self_attn.q_proj.weight', 48],
  ])('are those of the whole tensor (%s)', async (_what, open, name, columns) => {
    const source = await open();
    const whole = await source.readTensor(name);
    const rows = source.tensors.get(name)?.shape[0] ?? 0;
    const rowBytes = whole.byteLength / rows;
    const [first, count] = [Math.floor(rows / 3), Math.floor(rows / 2)];
    const found = new Uint8Array(count * rowBytes);
    const reader = await source.openWeights();
    let bytes = 0;
    const visit: WeightVisitor = (_name, _info, chunk, offset) => {
      found.set(chunk, offset - first * rowBytes);
      bytes += chunk.byteLength;
    };
    await reader.read([name], visit, { first: first * columns, count: count * columns });
    await reader.close();
    expect(bytes).toBe(found.byteLength);
    expect(Buffer.compare(found, whole.subarray(first * rowBytes, (first + count) * rowBytes))).toBe(0);
  });

  async function adapted(): Promise<ModelSource> {
    const path = sharedPath(`${TINY}/llama3-rope`);
    return adaptedModel(await openModelFolder(path), await openAdapter(join(path, 'adapter-all')));
  }
});

describe('files that change while blocks are read from them', () => {
  it.each(['llama', 'llama3-rope'])('are refused by name (%s)', async (name) => {
    const dir = await writeDeepModel(join(folder, `changing-${name}`), sharedPath(`${TINY}/${name}`), 6);
    const source = await openModelFolder(dir);
    const model = await Model.stream(gpu, source, { vocabularyParts: 0, memory: 64 << 20 });
    const [batch = []] = someBatches(source, 1);
    await signaturesOfBatch(model, batch, { layers: [2] });
    await utimes(join(dir, 'model.safetensors'), new Date(), new Date());
    await expect(signaturesOfBatch(model, batch, { layers: [2] })).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringContaining('"model.safetensors" was changed') as string,
    });
    model.close();
  });
});

it('an adapter that changes while blocks are read is refused by name', async () => {
  const path = sharedPath(`${TINY}/llama3-rope`);
  const dir = join(folder, 'changing-adapter');
  await cp(join(path, 'adapter-qv'), dir, { recursive: true });
  const source = adaptedModel(await openModelFolder(path), await openAdapter(dir));
  const model = await Model.stream(gpu, source, { vocabularyParts: 0, memory: 64 << 20 });
  const weights = join(dir, 'adapter_model.safetensors');
  const bytes = await readFile(weights);
  bytes[bytes.length - 1] ^= 1;
  await chmod(weights, 0o644);
  await writeFile(weights, bytes);
  const [batch = []] = someBatches(source, 1);
  await expect(signaturesOfBatch(model, batch, { layers: [0] })).rejects.toMatchObject({
    code: 'LORA_INVALID',
  });
  model.close();
});

it('signatures come batch by batch, in the order of the samples', async () => {
  const source = await openModelFolder(STORIES);
  const samples = someBatches(source, 4).flat();
  const model = await Model.stream(gpu, source, { vocabularyParts: 0, memory: 64 << 20 });
  const names: string[][] = [];
  for await (const results of signatureBatches(model, samples, { layers: [3] }, 34)) {
    names.push(results.map(({ sample }) => sample.name));
  }
  expect(names).toEqual([
    ['0a', '0b', '1a', '1b'],
    ['2a', '2b', '3a', '3b'],
  ]);
  model.close();
});
