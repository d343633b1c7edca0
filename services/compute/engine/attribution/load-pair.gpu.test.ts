/** A model and its base together on the GPU: what each gives is what it gives alone, and what both have is there once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { globals } from 'webgpu';
import { factors, writeAdapter, type AdapterTensors } from '../../../../test/adapters.ts';
import { writeDeepModel } from '../../../../test/deep-model.ts';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { watchMemory } from '../device/testing.ts';
import { adaptedModel, type AdaptedSource } from '../model/lora/adapted-model.ts';
import { openAdapter } from '../model/lora/adapter-folder.ts';
import { linearModules } from '../model/lora/targets.ts';
import { openModelFolder } from '../model/model-folder.ts';
import type { ModelSource } from '../model/model-source.ts';
import { Model } from '../model/model.ts';
import { openModel } from '../model/open-model.ts';
import { loadPair, loadWholePair } from './load-pair.ts';
import { allLogits } from './logits.ts';
import { weightBytes } from './memory-plan.ts';
import { signaturesOfBatch } from './signature.ts';
import type { ModelPair } from './taught-signatures.ts';

const { GPUOutOfMemoryError } = globals as typeof globalThis;
const TINY = sharedPath('models/tiny-random');
const STORIES = sharedPath('models/stories260K/hf');
const DEMO = fileURLToPath(new URL('../../../../demo', import.meta.url));
const SAMPLES = [
  { name: 'a', inputIds: [3, 4, 5, 6, 7, 30, 31], promptLength: 2 },
  { name: 'b', inputIds: [9, 8, 7, 40], promptLength: 3 },
];

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-pair-'));
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

async function sharedAdapter(name: string, adapter: string): Promise<AdaptedSource> {
  const path = join(TINY, name);
  return adaptedModel(await openModelFolder(path), await openAdapter(join(path, adapter)));
}

/** An adapter of seeded noise for the linear layers whose names end so. */
async function madeAdapter(path: string, ending = ''): Promise<AdaptedSource> {
  const base = await openModelFolder(path);
  const tensors: AdapterTensors = {};
  const names = [];
  for (const { name, outputs, inputs } of linearModules(base.config)) {
    if (!name.endsWith(ending)) continue;
    names.push(name);
    Object.assign(tensors, factors(name, outputs, inputs, 2, names.length, 0.3));
  }
  const dir = await mkdtemp(join(folder, 'adapter-'));
  return adaptedModel(base, await openAdapter(await writeAdapter(dir, { target_modules: names }, tensors)));
}

/** Logits of one sample, losses, hidden states and gradients of both. */
async function results(model: Model): Promise<unknown[]> {
  const signed = await signaturesOfBatch(model, SAMPLES, {
    layers: [0, 1, model.config.layers],
    curve: true,
  });
  expect(signed.some((result) => 'error' in result)).toBe(false);
  return [...signed, await allLogits(model, SAMPLES[0])];
}

async function alone(source: ModelSource, options = {}): Promise<{ digest: string; found: unknown[] }> {
  const model = await Model.load(gpu, source, options);
  const found = await results(model);
  model.close();
  return { digest: model.digest ?? '', found };
}

async function expectAsAlone(pair: ModelPair, tuned: ModelSource, base: ModelSource): Promise<void> {
  const [after, before] = [await alone(tuned), await alone(base)];
  expect(after.found).not.toEqual(before.found);
  // In turns, as they are used.
  for (let i = 0; i < 2; i++) {
    expect(await results(pair.base)).toEqual(before.found);
    expect(await results(pair.tuned)).toEqual(after.found);
  }
  expect(pair.base.digest).toBe(before.digest);
  expect(pair.tuned.digest).toBe(after.digest);
}

function adaptedBytes({ adapted, tensors }: AdaptedSource): number {
  const sizes = [...adapted].map((name) => tensors.get(name)?.shape.reduce((a, b) => a * b, 4) ?? 0);
  return sizes.reduce((a, b) => a + b, 0);
}

const ADAPTED: readonly (readonly [string, () => Promise<AdaptedSource>])[] = [
  ['bfloat16 shards', () => sharedAdapter('llama3-rope', 'adapter-qv')],
  ['all linear layers, tied', () => sharedAdapter('llama3-rope', 'adapter-all')],
  ['projections with biases', () => sharedAdapter('qwen2', 'adapter-qv')],
  ['all linear layers with biases', () => sharedAdapter('qwen2', 'adapter-all')],
  ['fused queries, keys and values', () => madeAdapter(join(TINY, 'phi3'), 'qkv_proj')],
  ['fused gates', () => madeAdapter(join(TINY, 'phi3'), 'gate_up_proj')],
  ['fused and stored transposed', () => madeAdapter(join(TINY, 'gpt2'), 'c_attn')],
  ['fused head by head', () => madeAdapter(join(TINY, 'gpt-neox'), 'query_key_value')],
  ['a model with a vocabulary', () => madeAdapter(STORIES)],
];

describe('a model with an adapter and its base', () => {
  it.each(ADAPTED)('share all but what is adapted, to the last bit (%s)', async (_what, open) => {
    const tuned = await open();
    const watch = watchMemory(gpu);
    const single = await Model.load(gpu, tuned.base);
    const before = watch.bytes();
    single.close();
    const free = watch.bytes();
    const pair = await loadPair(gpu, tuned, await openModelFolder(tuned.path));
    expect(watch.bytes() - free).toBeGreaterThanOrEqual(before + adaptedBytes(tuned));
    expect(watch.bytes() - free).toBeLessThan(before + adaptedBytes(tuned) + 1024);
    await expectAsAlone(pair, tuned, tuned.base);
    pair.close();
    pair.close();
    gpu.assertHealthy();
  });

  it('share also where matrices are split, and not alike', async () => {
    const tuned = await sharedAdapter('qwen2', 'adapter-all');
    const options = { bindingLimit: 4096 };
    const pair = await loadWholePair(gpu, tuned, tuned.base, options);
    expect(await results(pair.tuned)).toEqual((await alone(tuned, options)).found);
    expect(await results(pair.base)).toEqual((await alone(tuned.base, options)).found);
    pair.close();
  });

  it('share what a GGUF file holds quantised', async () => {
    const path = sharedPath('models/smollm2-135m-instruct');
    const base = await openModel(path, { quantized: 'keep' });
    const name = 'model.layers.3.self_attn.q_proj';
    const dir = await writeAdapter(
      await mkdtemp(join(folder, 'gguf-')),
      { target_modules: [name] },
      factors(name, 576, 576),
    );
    const tuned = adaptedModel(base, await openAdapter(dir));
    const pair = await loadPair(gpu, tuned, await openModel(path, { quantized: 'keep' }));
    expect(pair.tuned.weights.bytes).toBe(576 * 576 * 4);
    const [sample] = SAMPLES;
    const logits = await allLogits(pair.tuned, sample);
    expect(await allLogits(pair.base, sample)).not.toEqual(logits);
    pair.close();
    const single = await Model.load(gpu, tuned);
    expect(await allLogits(single, sample)).toEqual(logits);
    single.close();
  });

  it('are two models where the base has other weights than the one under the adapter', async () => {
    const tuned = await sharedAdapter('llama3-rope', 'adapter-qv');
    const other = await sharedAdapter('llama3-rope', 'adapter-all');
    const pair = await loadPair(gpu, tuned, other);
    await expectAsAlone(pair, tuned, other);
    pair.close();
  });

  it('free everything when a weight is refused', async () => {
    const name = 'model.layers.0.self_attn.q_proj';
    const path = join(TINY, 'llama3-rope');
    const dir = await writeAdapter(
      await mkdtemp(join(folder, 'huge-')),
      { target_modules: [name] },
      factors(name, 96, 48, 2, 1, 1e30),
    );
    const tuned = adaptedModel(await openModelFolder(path), await openAdapter(dir));
    const watch = watchMemory(gpu);
    await expect(loadPair(gpu, tuned, tuned.base)).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FINITE' });
    expect(watch.bytes()).toBe(0);
  });
});

describe('a model that was fine-tuned in full and its base', () => {
  it('are both there, to the last bit', async () => {
    const [tuned, base] = [await openModel(join(DEMO, 'tuned')), await openModel(join(DEMO, 'base'))];
    const watch = watchMemory(gpu);
    const pair = await loadPair(gpu, tuned, base);
    await expectAsAlone(pair, tuned, base);
    const { recorder } = pair.tuned;
    pair.close();
    pair.close();
    // The parameters of three recorders, which go with them.
    expect(watch.bytes()).toBe(3 * recorder.bytes);
  });

  it('are refused as one when they are the same model', async () => {
    const source = await openModel(join(DEMO, 'tuned'));
    const same = await openModel(join(DEMO, 'tuned'));
    await expect(loadPair(gpu, source, same)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('is the model itself') as string,
    });
    await expect(loadPair(gpu, source, same, { memory: 32 << 20 })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('are refused with a base of another vocabulary, before anything is loaded', async () => {
    const watch = watchMemory(gpu);
    const [tuned, base] = [await openModel(join(TINY, 'llama')), await openModel(STORIES)];
    await expect(loadPair(gpu, tuned, base)).rejects.toMatchObject({
      code: 'TOKENIZER_MISMATCH',
      message: expect.stringMatching(/tiny-random.llama.*stories260K.*vocabulary/) as string,
    });
    expect(watch.peak()).toBe(0);
  });
});

describe('with less memory than both need', () => {
  async function deepPair(): Promise<AdaptedSource> {
    return madeAdapter(await writeDeepModel(join(folder, 'deep'), STORIES, 24), 'q_proj');
  }

  it('each has half of it, its blocks in turn, to the last bit, and it is said once', async () => {
    const tuned = await deepPair();
    const memory = Math.floor(weightBytes(tuned.base).total);
    const watch = watchMemory(gpu);
    const told: number[] = [];
    const pair = await loadPair(gpu, tuned, tuned.base, {
      memory,
      onStreaming: (_plan, bytes) => told.push(bytes),
    });
    expect(told).toEqual([Math.floor(memory / 2)]);
    expect([pair.tuned, pair.base].map(({ weights }) => weights.streamed)).toEqual([true, true]);
    for (const model of [pair.base, pair.tuned]) await signaturesOfBatch(model, SAMPLES, { layers: [1] });
    expect(watch.peak()).toBeLessThanOrEqual(memory);
    vi.restoreAllMocks();
    await expectAsAlone(pair, tuned, tuned.base);
    pair.close();
    pair.close();
  });

  it('a bound that holds both in full streams neither', async () => {
    const tuned = await sharedAdapter('qwen2', 'adapter-qv');
    const pair = await loadPair(gpu, tuned, tuned.base, { memory: 1 << 30 });
    expect([pair.tuned, pair.base].map(({ weights }) => weights.streamed)).toEqual([false, false]);
    await expectAsAlone(pair, tuned, tuned.base);
    pair.close();
  });

  it('too little is refused, naming the half', async () => {
    const tuned = await sharedAdapter('qwen2', 'adapter-qv');
    await expect(loadPair(gpu, tuned, tuned.base, { memory: 400_000 })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/may use 195\.3 KiB \(half of 390\.6 KiB/) as string,
    });
  });

  it('a device that refuses both in full is asked for less, and both are streamed', async () => {
    const tuned = await deepPair();
    const limit = weightBytes(tuned.base).total * 1.05;
    const watch = watchMemory(gpu);
    let before = 0;
    vi.spyOn(gpu.device, 'pushErrorScope').mockImplementation(() => {
      before = watch.bytes();
    });
    const refusal = new GPUOutOfMemoryError('refused by the test');
    vi.spyOn(gpu.device, 'popErrorScope').mockImplementation(() =>
      Promise.resolve(watch.bytes() > limit && watch.bytes() > before ? refusal : null),
    );
    const told: number[] = [];
    const pair = await loadPair(gpu, tuned, tuned.base, {
      onStreaming: (_plan, bytes) => told.push(bytes),
    });
    expect(told).toHaveLength(1);
    expect(told[0]).toBeLessThan(limit / 2);
    vi.restoreAllMocks();
    await expectAsAlone(pair, tuned, tuned.base);
    pair.close();
    gpu.assertHealthy();
  });
});
