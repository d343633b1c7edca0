/** Gradient features over the kept checkpoints of a real training, of the whole model and of an adapter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { TokenSequence } from '../../services/compute/engine/model/batch.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { fromModel } from '../../services/compute/engine/training/initial-weights.ts';
import { keepCheckpoint, keptCheckpoints } from '../../services/compute/engine/training/kept.ts';
import { DEFAULT_OPTIMIZER, Trainer } from '../../services/compute/engine/training/trainer.ts';
import { sharedPath } from '../../test/shared.ts';
import { sketchesOf } from './gradient-sketches.ts';
import { gradientFeatures, type GradientRun } from './gradients.ts';

const SAMPLES: readonly TokenSequence[] = [20, 12, 7].map((length, i) => ({
  inputIds: Array.from({ length }, (_, t) => (i * 97 + t * 31 + 5) % 500),
  promptLength: 1 + 2 * i,
}));
const LORA = { rank: 2, alpha: 4, dropout: 0.5, rslora: false, targets: ['q_proj', 'up_proj'] };
const SKETCH = { sketch: 8, seed: 3 };

let gpu: Gpu;
let out: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  out = await mkdtemp(join(tmpdir(), 'gradients-'));
});

afterAll(async () => {
  gpu.close();
  await rm(out, { recursive: true, force: true });
});

async function newTrainer(lora?: typeof LORA): Promise<Trainer> {
  const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
  return Trainer.create(gpu, folder.config, fromModel(folder), { lora, seed: 1 });
}

/** Of steps 1, 2, 3 and 4. */
const RATES = [2e-3, 4e-3, 1e-3, 0] as const;

/** Four steps, of which the second and the last are kept; the trainer is at the last. */
async function train(name: string, lora?: typeof LORA): Promise<{ run: GradientRun; trainer: Trainer }> {
  const trainer = await newTrainer(lora);
  const folder = join(out, name);
  for (const [i, rate] of RATES.entries()) {
    await trainer.step(SAMPLES, rate);
    if (i % 2 === 1) await keepCheckpoint(folder, trainer, rate);
  }
  await writeLog(folder, RATES);
  const kept = await keptCheckpoints(folder);
  const openTrainer = (): Promise<Trainer> => newTrainer(lora);
  return { run: { gpu, openTrainer, kept, rows: SAMPLES, outputs: [SAMPLES[1]], ...SKETCH }, trainer };
}

/** As a run logs its steps. */
async function writeLog(folder: string, rates: readonly number[]): Promise<void> {
  const lines = rates.map((rate, i) => `${JSON.stringify({ step: i + 1, loss: 1, rate })}\n`);
  await writeFile(join(folder, 'losses.jsonl'), lines.join(''));
}

describe('gradient features', () => {
  it.each([
    ['the whole model', undefined],
    ['an adapter', LORA],
  ])('of %s are those of each kept checkpoint, with one seed for rows and outputs', async (name, lora) => {
    const { run, trainer } = await train(name, lora);
    const progress: string[] = [];
    const found = await gradientFeatures({
      ...run,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(progress).toEqual(Array.from({ length: 8 }, (_, i) => `${i + 1}/8`));
    for (const side of [found.rows, found.outputs])
      expect(side.map(({ step, learningRate }) => [step, learningRate])).toEqual([[2, 3e-3], [4, 5e-4]]); // prettier-ignore
    const [first, last] = found.rows;
    const names = trainer.parameters.list.map(({ spec }) => spec.name);
    expect(last.modules).toEqual(names);
    expect(names.every((one) => one.includes('lora'))).toBe(lora !== undefined);
    expect(last.parts).toEqual(
      trainer.parameters.list.map(({ spec }) => spec.shape.reduce((n, size) => n * size, 1)),
    );
    // The trainer that trained is at the last checkpoint, and its gradients have no dropout.
    const options = { width: SKETCH.sketch, seed: SKETCH.seed, optimizer: DEFAULT_OPTIMIZER };
    const own = await sketchesOf(trainer, 'row', SAMPLES, options);
    trainer.close();
    expect(last.gradient).toEqual(own.gradient);
    expect(last.adam).toEqual(own.adam);
    expect(first.gradient).not.toEqual(own.gradient);
    // The output is the second row.
    const { dims, values } = last.gradient;
    expect(found.outputs[1].gradient.values).toEqual(values.slice(dims, 2 * dims));
  });

  it('say at which step and sample a gradient is not finite', async () => {
    const { run, trainer } = await train('broken');
    trainer.restore(7, ({ value }) => {
      const count = value.shape.reduce((n, size) => n * size, 1);
      return new Float32Array(count).fill(3e38);
    });
    await keepCheckpoint(join(out, 'broken'), trainer, 1e-3);
    await writeLog(join(out, 'broken'), new Array<number>(7).fill(1e-3));
    trainer.close();
    const kept = await keptCheckpoints(join(out, 'broken'));
    await expect(gradientFeatures({ ...run, kept: kept.slice(-1) })).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/^at step 7, .*row 1\b/) as string,
    });
  });

  it('refuse more than the host is to hold, before any is made', async () => {
    const { run, trainer } = await train('large', LORA);
    const tensors = trainer.parameters.list.length;
    trainer.close();
    let done = 0;
    const width = 2 ** 32 / (4 * tensors);
    await expect(
      gradientFeatures({ ...run, sketch: width, onProgress: () => (done += 1) }),
    ).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
      message: expect.stringMatching(/of 4 rows and outputs at 2 checkpoints take 64 GiB/) as string,
    });
    expect(done).toBe(0);
  });

  it('end with CANCELLED when they are stopped', async () => {
    const { run, trainer } = await train('stopped');
    trainer.close();
    const stop = new AbortController();
    const work = gradientFeatures({
      ...run,
      signal: stop.signal,
      onProgress: (done) => {
        if (done === 5) stop.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
