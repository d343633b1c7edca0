/** Ten steps of full training follow PyTorch runs (test/python/adamw_reference.py, which made the fixtures). */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { byteLength, type Tensor } from '../device/tensor.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { modelTensors } from '../model/model-tensors.ts';
import { fromModel } from './initial-weights.ts';
import { learningRate } from './schedule.ts';
import { Trainer } from './trainer.ts';

/** Floats compared bit by bit: -0 is not 0, and a NaN is one of many. */
const bitsOf = (values: Float32Array): string => Buffer.from(values.buffer).toString('base64');

interface Fixture {
  readonly schedule: { readonly peak: number; readonly warmup: number; readonly total: number };
  readonly steps: readonly {
    readonly lr: number;
    readonly loss: number;
    readonly loss_tokens: number;
    readonly grad_norm: number;
    readonly rows: readonly { readonly ids: readonly number[]; readonly loss_start: number }[];
  }[];
  readonly parameters: Readonly<Record<string, { readonly l2: number; readonly moved: number }>>;
}

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

function tensorOf(trainer: Trainer, name: string): Tensor {
  const parameter = trainer.parameters.list.find(({ spec }) => spec.name === name);
  if (parameter === undefined) throw new Error(`${name} is not trained`);
  return parameter.value;
}

/** A model of every family that trains. */
const MODELS = [
  ['stories260k', 'models/stories260K/hf'],
  ...['llama3-rope', 'mistral', 'qwen2', 'qwen3'].map(
    (name) => [name, `models/tiny-random/${name}`] as const,
  ),
] as const;

describe('training', () => {
  it.each(MODELS)(
    'of %s follows ten AdamW steps of PyTorch: losses, norms, parameters',
    async (name, path) => {
      const fixtureFile = new URL(`../../../../test/fixtures/adamw-${name}.json`, import.meta.url);
      const fixture = JSON.parse(await readFile(fixtureFile, 'utf8')) as Fixture;
      const folder = await openModelFolder(sharedPath(path));
      const initial = fromModel(folder);
      const trainer = await Trainer.create(gpu, folder.config, initial);
      const { peak, warmup, total } = fixture.schedule;
      for (const [i, step] of fixture.steps.entries()) {
        const rate = learningRate({ kind: 'cosine', peak, warmupSteps: warmup, totalSteps: total }, i);
        expect(rate).toBeCloseTo(step.lr, 12);
        const batch = step.rows.map(({ ids, loss_start }) => ({ inputIds: ids, promptLength: loss_start }));
        const { loss, gradientNorm, lossTokens } = await trainer.step(batch, rate);
        expect(lossTokens).toBe(step.loss_tokens);
        expect(Math.abs(loss - step.loss), `loss of step ${i}`).toBeLessThanOrEqual(2e-5);
        expect(Math.abs(gradientNorm / step.grad_norm - 1), `gradient norm of step ${i}`).toBeLessThanOrEqual(
          1e-4,
        );
      }
      for (const spec of modelTensors(folder.config)) {
        const before = await initial(spec);
        const after = await trainer.read(tensorOf(trainer, spec.name));
        const moved = Math.hypot(...after.map((value, j) => value - before[j]));
        const reference = fixture.parameters[spec.name];
        expect(Math.abs(moved / (reference?.moved ?? NaN) - 1), spec.name).toBeLessThanOrEqual(1e-3);
      }
      trainer.close();
    },
  );

  it.each(['olmo2', 'gemma2', 'phi3', 'gpt-neox', 'gpt2'])('refuses %s by name', async (name) => {
    const folder = await openModelFolder(sharedPath(`models/tiny-random/${name}`));
    await expect(Trainer.create(gpu, folder.config, fromModel(folder))).rejects.toThrow(
      new RegExp(`Training is not implemented for models of type "${folder.config.family}"`),
    );
  });

  it('gives the gradients of a batch, unclipped, and leaves the parameters as they are', async () => {
    const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
    const batch = [20, 33, 7].map((length, i) => ({
      inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
      promptLength: 1 + i,
    }));
    const trainer = await Trainer.create(gpu, folder.config, fromModel(folder), { passTokens: 30 });
    const first = await trainer.gradientsOf(batch);
    const again = await trainer.gradientsOf(batch);
    let squares = 0;
    for (const { gradient } of trainer.parameters.list) {
      for (const value of await trainer.read(gradient)) squares += value * value;
    }
    const step = await trainer.step(batch, 1e-3);
    trainer.close();
    expect(again).toEqual(first);
    expect(first.loss).toBe(step.loss);
    expect(first.lossTokens).toBe(step.lossTokens);
    expect(step.gradientNorm).toBeGreaterThan(1); // clipping would show
    expect(Math.abs(Math.sqrt(squares) / step.gradientNorm - 1)).toBeLessThanOrEqual(1e-5);
  });

  it('records gradients without reading anything back, to the last bit the same', async () => {
    const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
    const samples = [20, 33, 7].map((length, i) => ({
      inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
      promptLength: 1 + i,
    }));
    const trainer = await Trainer.create(gpu, folder.config, fromModel(folder));
    const { arena, recorder } = trainer.model;
    const scope = arena.scope();
    // What is recorded behind each sample sees that sample's gradients, though none was waited for.
    const copies = [];
    for (const sample of samples) {
      await trainer.recordGradients([sample]);
      for (const { gradient } of trainer.parameters.list) {
        const copy = scope.take(gradient.shape);
        recorder.copy(gradient.buffer, 0, copy.buffer, 0, byteLength(gradient.shape, gradient.dtype));
        copies.push(copy);
      }
    }
    const recorded = await recorder.readFloats(copies);
    const waited = [];
    for (const sample of samples) {
      await trainer.gradientsOf([sample]);
      for (const { gradient } of trainer.parameters.list) waited.push(await trainer.read(gradient));
    }
    scope.end();
    trainer.close();
    expect(recorded.map(bitsOf)).toEqual(waited.map(bitsOf));
    expect(new Set(recorded.map(bitsOf)).size).toBeGreaterThan(samples.length);
  });

  it('accumulates gradients over passes to those of the whole batch', async () => {
    const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
    const batch = [20, 33, 7, 41].map((length, i) => ({
      inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
      promptLength: 1 + i,
    }));
    const results = [];
    for (const passTokens of [2048, 40]) {
      const trainer = await Trainer.create(gpu, folder.config, fromModel(folder), { passTokens });
      await trainer.step(batch, 1e-3);
      results.push(await trainer.step(batch, 1e-3));
      trainer.close();
    }
    const [whole, passes] = results;
    expect(Math.abs(passes.loss / whole.loss - 1)).toBeLessThanOrEqual(1e-6);
    expect(Math.abs(passes.gradientNorm / whole.gradientNorm - 1)).toBeLessThanOrEqual(1e-5);
  });
});
