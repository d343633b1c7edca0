/** Runs that train an adapter: the folder that they write, resumption, and the checkpoints that they keep. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../../test/shared.ts';
import { Gpu } from '../../device/gpu.ts';
import { adaptedModel } from '../../model/lora/adapted-model.ts';
import { openAdapter } from '../../model/lora/adapter-folder.ts';
import { openModelFolder } from '../../model/model-folder.ts';
import { openModel } from '../../model/open-model.ts';
import { fromModel } from '../initial-weights.ts';
import { keptCheckpoints, restoreKept } from '../kept.ts';
import { runTraining, type TrainingRun } from '../run.ts';
import { DEFAULT_OPTIMIZER, Trainer } from '../trainer.ts';
import type { LoraTrainingSettings } from './settings.ts';

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-adapter-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const LORA: LoraTrainingSettings = {
  ...{ rank: 4, alpha: 16, dropout: 0, rslora: false, targets: 'all-linear' },
};

const SEQUENCES = Array.from({ length: 8 }, (_, i) => ({
  inputIds: Array.from({ length: 9 + i }, (_, t) => (i * 37 + t * 31 + 5) % 150),
  promptLength: 1 + (i % 3),
}));

/** Eight steps over a tiny model. */
async function runOf(
  name: string,
  lora: LoraTrainingSettings,
  change: Partial<TrainingRun> = {},
): Promise<TrainingRun> {
  const model = await openModelFolder(sharedPath(`models/tiny-random/${name}`));
  return {
    ...{ config: model.config, rawConfig: {}, textFolder: model.path, initial: fromModel(model), lora },
    ...{ initialIdentity: `model ${await model.digest()}`, resume: false, out: join(folder, 'out') },
    data: { sequences: SEQUENCES, digest: 'made here', truncated: 0 },
    settings: {
      ...{ epochs: 2, batch: 2, learningRate: 0.01, schedule: 'linear', warmupSteps: 0, finalShare: 0 },
      ...{ optimizer: DEFAULT_OPTIMIZER, seed: 3, checkpointEvery: 0, passTokens: 64, dtype: 'F32' },
    },
    ...change,
  };
}

async function losses(out: string): Promise<string> {
  return readFile(join(out, 'losses.jsonl'), 'utf8');
}

/** All files of a folder, with the digests of what they hold. */
async function contents(out: string): Promise<Record<string, string>> {
  const names = (await readdir(out, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const digests = await Promise.all(
    names.map(async (name) => {
      const digest = createHash('sha256')
        .update(await readFile(name))
        .digest('hex');
      return [relative(out, name), digest] as const;
    }),
  );
  return Object.fromEntries(digests);
}

describe('a run that trains an adapter', () => {
  it.each([
    ['llama3-rope', { ...LORA, rslora: true, targets: ['q_proj', 'mlp.down_proj'] }],
    ['qwen2', { ...LORA, rank: 3 }],
    ['phi3', { ...LORA, rank: 5 }],
    ['gpt-neox', { ...LORA, rank: 6, dropout: 0.2 }],
    ['gpt2', LORA],
  ] as const)('on %s writes a folder that gives the trained model’s losses', async (name, lora) => {
    const run = await runOf(name, lora, { keepAt: [8], baseName: 'the base' });
    await runTraining(gpu, run);
    const base = await openModelFolder(run.textFolder);
    const trainer = await Trainer.create(gpu, base.config, fromModel(base), { lora });
    const before = await trainer.gradientsOf(SEQUENCES);
    const [kept] = await keptCheckpoints(run.out);
    await restoreKept(kept.folder, trainer);
    const { loss } = await trainer.gradientsOf(SEQUENCES);
    trainer.close();
    expect(loss).toBeLessThan(before.loss - 0.05);

    const adapter = await openAdapter(run.out);
    expect(adapter.config.rank).toBe(lora.rank);
    const tuned = adaptedModel(base, adapter);
    // A new adapter's B is zero: what it gives is the loss of the model that it begins with.
    const applied = await Trainer.create(gpu, base.config, fromModel(tuned), { lora });
    const { loss: written } = await applied.gradientsOf(SEQUENCES);
    applied.close();
    expect(Math.abs(written - loss)).toBeLessThanOrEqual(1e-5);

    const manifest = JSON.parse(await readFile(join(run.out, 'manifest.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ initial: run.initialIdentity, lora, outcome: { steps: 8 } });
    expect((await readdir(run.out)).sort()).toEqual(
      ['adapter_config.json', 'adapter_model.safetensors', 'kept', 'losses.jsonl', 'manifest.json'].sort(),
    );
  });

  it('goes on after a stop with the same dropout, to the same losses, adapter and kept checkpoints', async () => {
    const lora = { ...LORA, dropout: 0.3 };
    const whole = await runOf('llama3-rope', lora, { keepAt: [3, 8], out: join(folder, 'whole') });
    await runTraining(gpu, whole);
    const broken = await runOf('llama3-rope', lora, { keepAt: [3, 8], out: join(folder, 'broken') });
    const stop = new AbortController();
    const stopped = runTraining(gpu, {
      ...broken,
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 5) stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    const past = runTraining(gpu, { ...broken, keepAt: [3, 4, 8], resume: true });
    await expect(past).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('after step 4') as string,
    });
    await runTraining(gpu, { ...broken, resume: true });
    expect(await losses(broken.out)).toBe(await losses(whole.out));
    for (const file of [
      'adapter_model.safetensors',
      'kept/step-3/state.safetensors',
      'kept/step-8/state.safetensors',
    ]) {
      expect(
        (await readFile(join(broken.out, file))).equals(await readFile(join(whole.out, file))),
        file,
      ).toBe(true);
    }
    const kept = await keptCheckpoints(broken.out);
    expect(kept.map(({ step }) => step)).toEqual([3, 8]);
    expect(kept.map(({ learningRate }) => learningRate)).toEqual([0.01 * (6 / 8), 0.01 * (1 / 8)]);

    const other = { ...broken, lora: { ...lora, alpha: 17 }, signal: AbortSignal.abort() };
    await expect(runTraining(gpu, { ...other, out: join(folder, 'other') })).rejects.toThrow(/stopped/);
    const changed = runTraining(gpu, { ...broken, out: join(folder, 'other'), resume: true });
    await expect(changed).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining('lora.alpha: 17 then, 16 now') as string,
    });
  });

  it('when it is resumed after its end says so, or refuses another’s, and leaves everything there', async () => {
    const run = await runOf('llama3-rope', LORA, { keepAt: [3] });
    const trained = await runTraining(gpu, run);
    expect(trained.alreadyFinished).toBe(false);
    const before = await contents(run.out);
    expect(Object.keys(before)).toContain('kept/step-3/state.safetensors');
    const again = await runTraining(gpu, { ...run, resume: true });
    const { steps, finalLoss, out } = trained;
    expect(again).toMatchObject({ steps, finalLoss, out, tokens: 0, alreadyFinished: true });
    for (const change of [
      { lora: { ...LORA, alpha: 17 } },
      { data: { ...run.data, digest: 'other' } },
      { settings: { ...run.settings, seed: 4 } },
    ]) {
      const other = runTraining(gpu, { ...run, ...change, resume: true });
      await expect(other).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/lora\.alpha: 16|the data: "made here"|seed: 3/) as string,
      });
    }
    expect(await contents(run.out)).toEqual(before);
  });

  it('does not go on beside a base whose quantised matrices were widened meanwhile', async () => {
    const path = sharedPath('models/smollm2-135m-instruct');
    const lora = { ...LORA, targets: ['layers.29.self_attn.q_proj'] };
    const start = async (quantized: 'keep' | 'widen'): Promise<TrainingRun> => {
      const model = await openModel(path, { quantized });
      const run = await runOf('llama3-rope', lora);
      const base = { config: model.config, initial: fromModel(model), initialIdentity: 'one model' };
      return { ...run, ...base };
    };
    // Stopped before its first step, it writes a checkpoint.
    const stopped = runTraining(gpu, { ...(await start('keep')), signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    const widened = runTraining(gpu, { ...(await start('widen')), resume: true });
    await expect(widened).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining('REPTRACE_GGUF_WEIGHTS') as string,
    });
  });

  it('restores AdamW’s moments with a kept checkpoint, and refuses one of another adapter or a damaged one', async () => {
    const run = await runOf('llama3-rope', LORA, { keepAt: [8] });
    await runTraining(gpu, run);
    const [kept] = await keptCheckpoints(run.out);
    const trainer = await Trainer.create(gpu, run.config, run.initial, { lora: LORA });
    await restoreKept(kept.folder, trainer);
    expect(trainer.steps).toBe(8);
    for (const { first, second } of trainer.parameters.list) {
      expect((await trainer.read(first)).some((value) => value !== 0)).toBe(true);
      expect((await trainer.read(second)).every((value) => value >= 0)).toBe(true);
    }
    trainer.close();
    const wider = await Trainer.create(gpu, run.config, run.initial, { lora: { ...LORA, rank: 8 } });
    await expect(restoreKept(kept.folder, wider)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    wider.close();
    await writeFile(join(kept.folder, 'state.json'), '{"step":8}');
    await expect(keptCheckpoints(run.out)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  it('refuses to keep a checkpoint of a step that it does not have', async () => {
    for (const step of [0, 9, 2.5]) {
      const run = await runOf('llama3-rope', LORA, { keepAt: [step] });
      await expect(runTraining(gpu, run)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
  });
});
