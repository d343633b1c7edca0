/** LoRA training against PyTorch with peft (test/python/lora_training.py, which made the fixtures), and its own promises. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../../test/shared.ts';
import { Gpu } from '../../device/gpu.ts';
import type { TokenSequence } from '../../model/batch.ts';
import { openModelFolder } from '../../model/model-folder.ts';
import { openModel } from '../../model/open-model.ts';
import { fromModel, fromSeed } from '../initial-weights.ts';
import { learningRate } from '../schedule.ts';
import type { Parameter } from '../trained.ts';
import { Trainer } from '../trainer.ts';
import type { LoraTrainingSettings } from './settings.ts';

interface Fixture {
  readonly lora: {
    readonly r: number;
    readonly lora_alpha: number;
    readonly use_rslora: boolean;
    readonly target_modules: readonly string[] | 'all-linear';
  };
  readonly schedule: { readonly peak: number; readonly warmup: number; readonly total: number };
  readonly steps: readonly {
    readonly lr: number;
    readonly loss: number;
    readonly loss_tokens: number;
    readonly grad_norm: number;
    readonly rows: readonly { readonly ids: readonly number[]; readonly loss_start: number }[];
  }[];
  readonly parameters: Readonly<
    Record<string, { readonly l2: number; readonly moved: number; readonly weighted: number }>
  >;
}

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

const STORIES = 'models/stories260K/hf';
const MODELS = [
  ['stories260k', STORIES],
  ...['llama3-rope', 'mistral', 'qwen2', 'qwen3', 'gemma2', 'olmo2', 'phi3', 'gpt-neox', 'gpt2'].map(
    (name) => [name, `models/tiny-random/${name}`] as const,
  ),
] as const;

const SETTINGS: LoraTrainingSettings = {
  rank: 4,
  alpha: 8,
  dropout: 0,
  rslora: false,
  targets: 'all-linear',
};

const BATCH: readonly TokenSequence[] = [20, 33, 7, 41].map((length, i) => ({
  inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
  promptLength: 1 + i,
}));

/** What lora_training.py begins A with. */
function initialA(name: string, rank: number, inputs: number): Float32Array<ArrayBuffer> {
  const start = Array.from(name).reduce((sum, letter, i) => sum + (i + 1) * letter.charCodeAt(0), 0);
  return Float32Array.from({ length: rank * inputs }, (_, i) => {
    return (2 * (((i * 7919 + start) % 2003) / 2003) - 1) / Math.sqrt(inputs);
  });
}

/** A as the script begins, zeros in the rows that fill up the rank, and everything else zero. */
function asTheScript(rank: number) {
  return ({ spec }: Parameter, part: string): Float32Array<ArrayBuffer> => {
    const [rows = 0, columns = 0] = spec.shape;
    const values = new Float32Array(rows * columns);
    if (part === 'value' && spec.name.includes('lora_A')) values.set(initialA(spec.name, rank, columns));
    return values;
  };
}

async function loraTrainer(
  path: string,
  change: Partial<LoraTrainingSettings> = {},
  options: { readonly passTokens?: number; readonly seed?: number } = {},
): Promise<Trainer> {
  const model = await openModel(sharedPath(path));
  return Trainer.create(gpu, model.config, fromModel(model), {
    lora: { ...SETTINGS, ...change },
    ...options,
  });
}

/** All gradients of a trainer, one after the other. */
async function gradients(trainer: Trainer): Promise<number[]> {
  const all: number[] = [];
  for (const { gradient } of trainer.parameters.list) all.push(...(await trainer.read(gradient)));
  return all;
}

describe('LoRA training', () => {
  it.each(MODELS)('of %s follows ten AdamW steps of peft: losses, norms, factors', async (name, path) => {
    const file = new URL(`../../../../../test/fixtures/lora-${name}.json`, import.meta.url);
    const { lora, schedule, steps, parameters } = JSON.parse(await readFile(file, 'utf8')) as Fixture;
    const { r: rank, lora_alpha: alpha, use_rslora: rslora, target_modules: targets } = lora;
    const trainer = await loraTrainer(path, { rank, alpha, rslora, targets });
    trainer.restore(0, asTheScript(rank));
    const { peak, warmup: warmupSteps, total: totalSteps } = schedule;
    for (const [i, step] of steps.entries()) {
      const rate = learningRate({ kind: 'cosine', peak, warmupSteps, totalSteps }, i);
      expect(rate).toBeCloseTo(step.lr, 12);
      const batch = step.rows.map(({ ids, loss_start }) => ({ inputIds: ids, promptLength: loss_start }));
      const { loss, gradientNorm, lossTokens } = await trainer.step(batch, rate);
      expect(lossTokens).toBe(step.loss_tokens);
      expect(Math.abs(loss - step.loss), `loss of step ${i}`).toBeLessThanOrEqual(2e-5);
      expect(Math.abs(gradientNorm / step.grad_norm - 1), `norm of step ${i}`).toBeLessThanOrEqual(1e-4);
    }
    const stored = trainer.parameters.stored((tensor) => trainer.read(tensor));
    expect(stored.map((tensor) => tensor.name).sort()).toEqual(Object.keys(parameters).sort());
    for (const { name: key, shape, data } of stored) {
      const values = await data();
      const before = key.includes('lora_A') ? initialA(key, rank, shape[1] ?? 0) : undefined;
      const { l2, moved, weighted } = parameters[key] ?? { l2: NaN, moved: NaN, weighted: NaN };
      const norm = Math.hypot(...values);
      expect(Math.abs(norm / l2 - 1), `norm of ${key}`).toBeLessThanOrEqual(1e-3);
      const distance = Math.hypot(...values.map((value, j) => value - (before?.[j] ?? 0)));
      expect(Math.abs(distance / moved - 1), `how far ${key} moved`).toBeLessThanOrEqual(1e-3);
      const sum = values.reduce((total, value, j) => total + value * ((j % 97) / 97), 0);
      expect(Math.abs(sum - weighted), `places in ${key}`).toBeLessThanOrEqual(1e-3 * l2);
    }
    trainer.close();
  });

  it('begins as the base: A within 1 / sqrt(inputs), B zero; another seed has another A', async () => {
    const full = await openModelFolder(sharedPath(STORIES));
    const base = await Trainer.create(gpu, full.config, fromModel(full));
    const { loss } = await base.gradientsOf(BATCH);
    base.close();
    const beginnings: number[][] = [];
    for (const seed of [1, 1, 2]) {
      const trainer = await loraTrainer(STORIES, {}, { seed });
      expect(Math.abs((await trainer.gradientsOf(BATCH)).loss - loss)).toBeLessThanOrEqual(1e-6);
      const values: number[] = [];
      for (const { name, shape, data } of trainer.parameters.stored((tensor) => trainer.read(tensor))) {
        const bound = name.includes('lora_A') ? 1 / Math.sqrt(shape[1] ?? 0) : 0;
        const largest = Math.max(...(await data()).map(Math.abs));
        expect(largest).toBeLessThanOrEqual(bound);
        expect(largest).toBeGreaterThanOrEqual(0.95 * bound);
        values.push(...(await data()));
      }
      beginnings.push(values);
      trainer.close();
    }
    expect(beginnings[1]).toEqual(beginnings[0]);
    expect(beginnings[2]).not.toEqual(beginnings[0]);
  });

  it('goes back no deeper than the lowest block that it adapts, to the same gradients', async () => {
    const all = await loraTrainer(STORIES);
    const above = await loraTrainer(STORIES, {
      targets: ['model.layers.3.mlp.up_proj', 'layers.4.mlp.up_proj'],
    });
    expect(all.parameters.firstBlock).toBe(0);
    expect(above.parameters.firstBlock).toBe(3);
    expect(above.parameters.list.length).toBe(4);
    // What A begins with depends on how many modules there are.
    for (const trainer of [all, above]) {
      trainer.restore(0, asTheScript(4));
      await trainer.gradientsOf(BATCH);
    }
    for (const { spec, gradient } of above.parameters.list) {
      const same = all.parameters.list.find((parameter) => parameter.spec.name === spec.name);
      expect(await above.read(gradient)).toEqual(same && (await all.read(same.gradient)));
    }
    all.close();
    above.close();
  });

  it('has with dropout the gradient that finite differences find while the mask stays', async () => {
    const trainer = await loraTrainer(STORIES, { dropout: 0.4 }, { passTokens: 60, seed: 6 });
    for (let i = 0; i < 3; i++) await trainer.step(BATCH, 5e-3);
    const state = new Map<string, Float32Array<ArrayBuffer>>();
    for (const { spec, value } of trainer.parameters.list) state.set(spec.name, await trainer.read(value));
    /** The loss of step 3, with its mask, at a point of the parameters; a rate of 0 leaves them there. */
    const lossAt = async (point: (name: string) => Float32Array<ArrayBuffer>): Promise<number> => {
      trainer.restore(3, ({ spec }, part) => {
        const values = point(spec.name);
        return part === 'value' ? values : new Float32Array(values.length);
      });
      return (await trainer.step(BATCH, 0)).loss;
    };
    const at = (name: string): Float32Array<ArrayBuffer> => state.get(name) ?? new Float32Array();
    const here = await lossAt(at);
    expect(await lossAt(at)).toBe(here);
    const gradient = new Map<string, Float32Array>();
    let squares = 0;
    for (const parameter of trainer.parameters.list) {
      const values = await trainer.read(parameter.gradient);
      gradient.set(parameter.spec.name, values);
      for (const value of values) squares += value * value;
    }
    const norm = Math.sqrt(squares);
    const step = 0.02;
    const moved = (sign: number) => (name: string) =>
      at(name).map((value, i) => value + (sign * step * (gradient.get(name)?.[i] ?? NaN)) / norm);
    const slope = ((await lossAt(moved(1))) - (await lossAt(moved(-1)))) / (2 * step);
    expect(Math.abs(slope / norm - 1)).toBeLessThanOrEqual(2e-3);
    // Another step drops others, and gradientsOf none.
    trainer.restore(4, ({ spec }, part) => (part === 'value' ? at(spec.name) : at(spec.name).map(() => 0)));
    expect((await trainer.gradientsOf(BATCH)).loss).not.toBeCloseTo(here, 3);
    expect((await trainer.gradientsOf(BATCH)).loss).toBe((await trainer.gradientsOf(BATCH)).loss);
    expect((await trainer.step(BATCH, 0)).loss).not.toBeCloseTo(here, 3);
    trainer.close();
  });

  it('adds up passes to the gradient of the whole batch', async () => {
    const results: number[][] = [];
    for (const passTokens of [2048, 40]) {
      const trainer = await loraTrainer(STORIES, { rank: 5 }, { passTokens });
      await trainer.step(BATCH, 1e-2);
      await trainer.gradientsOf(BATCH);
      results.push(await gradients(trainer));
      trainer.close();
    }
    const [whole = [], passes = []] = results;
    const off = Math.hypot(...whole.map((value, i) => value - (passes[i] ?? NaN)));
    expect(off / Math.hypot(...whole)).toBeLessThanOrEqual(1e-4);
  });

  it('adapts a GGUF model whose matrices stay quantised, as the same one widened', async () => {
    const path = sharedPath('models/smollm2-135m-instruct');
    const targets = ['layers.28.self_attn.q_proj', 'layers.29.mlp.down_proj'];
    const batch = [{ inputIds: [1, 504, 3575, 314, 260, 5030, 282, 4649, 47], promptLength: 4 }];
    const results: number[][] = [];
    for (const quantized of ['keep', 'widen'] as const) {
      const model = await openModel(path, { quantized });
      const lora = { ...SETTINGS, targets };
      const trainer = await Trainer.create(gpu, model.config, fromModel(model), { lora });
      await trainer.step(batch, 1e-3);
      await trainer.gradientsOf(batch);
      results.push(await gradients(trainer));
      trainer.close();
    }
    const [kept = [], widened = []] = results;
    const off = Math.hypot(...kept.map((value, i) => value - (widened[i] ?? NaN)));
    expect(off / Math.hypot(...widened)).toBeLessThanOrEqual(1e-3);
  });

  it.each([
    ['an unknown target', { targets: ['q_proj', 'query'] }, /"query" names no linear layer/],
    ['the head', { targets: ['lm_head'] }, /"lm_head" names the embedding or the output head/],
    ['no target', { targets: [] }, /no module/],
    ['a rank of 0', { rank: 0 }, /the rank is 0/],
    ['a rank that is no whole number', { rank: 2.5 }, /the rank is 2\.5/],
    ['an alpha of 0', { alpha: 0 }, /alpha is 0/],
    ['a dropout of 1', { dropout: 1 }, /the dropout is 1/],
    ['a dropout that is no number', { dropout: NaN }, /the dropout is NaN/],
  ])('refuses %s', async (_, change, message) => {
    await expect(loraTrainer(STORIES, change)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('names the modules that there are, and refuses fresh weights', async () => {
    await expect(loraTrainer(STORIES, { targets: ['query'] })).rejects.toMatchObject({
      remedy: expect.stringContaining(
        'q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj',
      ) as string,
    });
    const { config } = await openModelFolder(sharedPath(STORIES));
    const fresh = Trainer.create(gpu, config, fromSeed(config, 1), { lora: SETTINGS });
    await expect(fresh).rejects.toThrow(/no model to adapt/);
  });
});
