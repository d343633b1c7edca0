/** Models on a real device: kept, closed, loaded again after the device was lost. */
import { chmod, cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { sharedPath } from '../../../test/shared.ts';
import { signaturesOfBatch } from '../engine/attribution/signature.ts';
import type { Model } from '../engine/model/model.ts';
import { GpuKeeper } from './gpu-keeper.ts';
import { Lane } from './lane.ts';
import { LoadedModels, MODELS, type LoadedModel, type LoadedPair } from './loaded-models.ts';
import { ModelDigests } from './model-digests.ts';
import { ModelFinder } from './model-finder.ts';

const TINY = sharedPath('models/tiny-random');
const STORIES = sharedPath('models/stories260K/hf');
const BASE = { path: join(TINY, 'llama3-rope') };
const TUNED = { ...BASE, adapter: join(BASE.path, 'adapter-qv') };
const SAMPLE = { name: 'one', inputIds: [3, 4, 5, 6], promptLength: 2 };

let folder: string;
let records: Records;
let keeper: GpuKeeper;
let lane: Lane;
let models: LoadedModels;
let open: (memory?: number, onStreaming?: () => void) => LoadedModels;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-loaded-'));
  records = await openSqliteRecords(join(folder, 'records.sqlite'));
  keeper = await GpuKeeper.open({}, SILENT);
  const digests = new ModelDigests(records);
  const finder = new ModelFinder({ roots: [TINY, STORIES, folder], models: [] }, digests, SILENT);
  lane = new Lane();
  open = (memory, onStreaming) =>
    new LoadedModels({ keeper, lane, finder, digests, records, memory, onStreaming });
  models = open();
});

afterEach(async () => {
  keeper.close();
  await records.close();
  await rm(folder, { recursive: true });
});

async function gradient({ model }: LoadedModel): Promise<number[]> {
  const [result] = await signaturesOfBatch(model, [SAMPLE], { layers: [1] });
  if (result === undefined || 'error' in result) throw new Error('no signature');
  return [...(result.layers.get(1)?.gradient ?? [])];
}

describe('loaded models', () => {
  it('stay loaded while they are used, two at most, and are described in the records', async () => {
    const [a, b, c] = ['llama', 'llama-linear-rope', 'llama3-rope'].map((name) => ({
      path: join(TINY, name),
    }));
    const first = await models.use(a, 'question', (loaded) => Promise.resolve(loaded.model));
    await models.use(b, 'question', gradient);
    expect(await models.use(a, 'question', (loaded) => Promise.resolve(loaded.model))).toBe(first);
    await models.use(c, 'question', gradient);
    expect(models.list().map(({ path }) => path)).toEqual([a.path, c.path]);
    expect(await models.use(a, 'question', (loaded) => Promise.resolve(loaded.model))).toBe(first);
    for (const description of models.list()) {
      expect((await records.get(MODELS, description.digest))?.value).toEqual(description);
    }
    const before = models.list();
    expect(await models.describe(b)).toMatchObject({ path: b.path, architecture: 'llama' });
    expect(models.list()).toEqual(before);
    const other = { path: join(TINY, 'gpt-neox') };
    expect(await models.describe(other)).toMatchObject({ architecture: 'gpt_neox' });
  });

  it('are the same model in a copy of their folder', async () => {
    const path = join(folder, 'copy');
    await cp(join(TINY, 'llama'), path, { recursive: true });
    const { digest } = await models.describe({ path: join(TINY, 'llama') });
    const first = await models.use({ digest, path: join(TINY, 'llama') }, 'question', (model) =>
      Promise.resolve(model),
    );
    const copy = await models.use({ digest, path }, 'question', (model) => Promise.resolve(model));
    expect(copy.model).toBe(first.model);
    expect(copy.description).toEqual({ ...first.description, path });
  });

  it('have the digest of base and adapter that is made without loading them', async () => {
    const path = join(TINY, 'llama3-rope');
    const adapter = join(path, 'adapter-all');
    const { digest } = await models.describe({ path, adapter });
    const fresh = join(folder, 'fresh.sqlite');
    const other = await openSqliteRecords(fresh);
    try {
      expect((await new ModelDigests(other).digestOf({ path, lora: adapter })).digest).toBe(digest);
    } finally {
      await other.close();
    }
  });

  it('are described with the numbers that this worker computes with, whoever has described them before', async () => {
    const ref = { path: join(TINY, 'llama') };
    const { digest } = await models.use(ref, 'question', (model) => Promise.resolve(model.description));
    const place = { ...ref, digest };
    expect(await models.describe(place)).toMatchObject({ precision: 'f32' });
    keeper.close();
    keeper = await GpuKeeper.open({ numbers: 'mixed' }, SILENT);
    const digests = new ModelDigests(records);
    const finder = new ModelFinder({ roots: [TINY], models: [] }, digests, SILENT);
    const other = new LoadedModels({ keeper, lane, finder, digests, records });
    expect(await other.describe(place)).toMatchObject({ precision: 'mixed' });
  });

  it('cannot be had from a worker whose kernels the adapter cannot run, which says so at once', async () => {
    const refused = await GpuKeeper.open({ linear: 'fastest' }, SILENT);
    expect(refused.failure).toMatchObject({ code: 'CONFIG_INVALID' });
    refused.close();
  });

  it('come back with a new device when theirs is lost, also in the middle of work', async () => {
    const ref = { path: join(TINY, 'llama') };
    const before = await models.use(ref, 'question', gradient);
    const lost = models.use(ref, 'batch', async (model) => {
      model.model.gpu.device.destroy();
      await model.model.gpu.device.lost;
      return gradient(model);
    });
    await expect(lost).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(await models.use(ref, 'question', gradient)).toEqual(before);
    expect(keeper.failure).toBeUndefined();
  });

  it('are given up with a device that is lost again and again without doing any work', async () => {
    const ref = { path: join(TINY, 'llama') };
    const lose = (): Promise<unknown> =>
      models.use(ref, 'batch', async ({ model: { gpu } }) => {
        gpu.device.destroy();
        await gpu.device.lost;
        gpu.assertHealthy();
      });
    for (let i = 0; i < 14; i++) await expect(lose()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(keeper.failure).toMatchObject({ code: 'DEVICE_LOST' });
    await expect(models.describe(ref)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });
});

describe('a model with its base', () => {
  const both = (pair: LoadedPair): Promise<LoadedPair> => Promise.resolve(pair);
  const alone = ({ model }: LoadedModel): Promise<Model> => Promise.resolve(model);

  it('stays with it on the GPU, where either alone is found too', async () => {
    const pair = await models.usePair(TUNED, BASE, 'question', both);
    expect(pair.description).toMatchObject({ path: BASE.path, loraPath: TUNED.adapter });
    expect(pair.base.digest).not.toBe(pair.model.digest);
    expect(await models.usePair(TUNED, BASE, 'batch', both)).toEqual(pair);
    expect(await models.use(TUNED, 'question', alone)).toBe(pair.model);
    const { model, description } = await models.use(BASE, 'question', (found) => Promise.resolve(found));
    expect(model).toBe(pair.base);
    expect(description).toMatchObject({ digest: pair.base.digest, loraPath: null });
    expect(models.list()).toEqual([description, pair.description]);
    for (const one of models.list()) expect((await records.get(MODELS, one.digest))?.value).toEqual(one);
  });

  it('gives what each gives alone, and what was there alone is not there twice', async () => {
    const expected = [
      await models.use(TUNED, 'question', gradient),
      await models.use(BASE, 'question', gradient),
    ];
    const first = await models.use(TUNED, 'question', alone);
    const close = vi.spyOn(first, 'close');
    const found = await models.usePair(TUNED, BASE, 'question', async (pair) => [
      await gradient(pair),
      await gradient({ ...pair, model: pair.base }),
    ]);
    expect(found).toEqual(expected);
    expect(close).toHaveBeenCalledOnce();
    expect(models.list()).toHaveLength(2);
    await models.use({ path: join(TINY, 'llama') }, 'question', alone);
    expect(models.list()).toHaveLength(3);
  });

  it('goes with it as one, when it was not used for longest', async () => {
    const pair = await models.usePair(TUNED, BASE, 'question', both);
    await models.use({ path: join(TINY, 'llama') }, 'question', alone);
    await models.use(BASE, 'question', alone);
    await models.use({ path: join(TINY, 'qwen2') }, 'question', alone);
    const list = models.list().map(({ path, loraPath }) => [path, loraPath]);
    expect(list).toEqual([
      [BASE.path, null],
      [BASE.path, TUNED.adapter],
      [join(TINY, 'qwen2'), null],
    ]);
    const closed = [pair.model, pair.base].map((model) => vi.spyOn(model, 'close'));
    await models.use({ path: join(TINY, 'llama') }, 'question', alone);
    expect(models.list().map(({ architecture }) => architecture)).toEqual(['qwen2', 'llama']);
    for (const close of closed) expect(close).toHaveBeenCalledOnce();
  });

  it('shares its weights with a copy of it elsewhere', async () => {
    const path = join(folder, 'copy');
    await cp(BASE.path, path, { recursive: true });
    await models.describe(BASE);
    const { digest } = await models.describe({ path });
    const pair = await models.usePair(TUNED, { digest, path }, 'question', both);
    expect(pair.base.digest).toBe(digest);
    expect(pair.model.weights.bytes).toBeLessThan(pair.base.weights.bytes);
    expect(pair.model.arena).toBe(pair.base.arena);
    expect(models.list()).toContainEqual(expect.objectContaining({ digest, path }));
  });

  it('is described by its files, and nothing is loaded', async () => {
    const description = await models.describeBase(TUNED, BASE);
    expect(models.list()).toEqual([]);
    expect(description).toEqual(
      await models.use(BASE, 'question', (found) => Promise.resolve(found.description)),
    );
  });

  it.each([
    ['has another vocabulary', TUNED, { path: STORIES }, 'TOKENIZER_MISMATCH'],
    ['is the model itself', TUNED, TUNED, 'INPUT_INVALID'],
    ['is the model itself, fine-tuned in full', BASE, BASE, 'INPUT_INVALID'],
    ['has fewer learned positions', BASE, { path: join(TINY, 'gpt2') }, 'SHAPE_MISMATCH'],
    ['is not there', TUNED, { path: join(TINY, 'none') }, 'MODEL_NOT_FOUND'],
  ])('is refused where the base %s, and nothing stays', async (_what, tuned, base, code) => {
    await expect(models.describeBase(tuned, base)).rejects.toMatchObject({ code });
    await expect(models.usePair(tuned, base, 'question', both)).rejects.toMatchObject({ code });
    expect(models.list()).toEqual([]);
  });

  it('is refused where the files of either change while they wait', async () => {
    const path = join(folder, 'changing');
    await cp(TUNED.adapter, path, { recursive: true });
    const copy = join(folder, 'base');
    await cp(BASE.path, copy, { recursive: true });
    const touched = [join(path, 'adapter_model.safetensors'), join(copy, 'model-00001-of-00004.safetensors')];
    for (const [i, file] of touched.entries()) {
      await chmod(file, 0o644);
      let release = (): void => undefined;
      const held = lane.run('question', () => new Promise<void>((resolve) => (release = resolve)));
      const refs = [i === 0 ? { ...BASE, adapter: path } : TUNED, { path: copy }] as const;
      const found = vi.spyOn(lane, 'run');
      const used = models.usePair(...refs, 'question', both);
      await vi.waitFor(() => {
        expect(found).toHaveBeenCalled();
      });
      found.mockRestore();
      await utimes(file, new Date(), new Date(1e12));
      release();
      await held;
      await expect(used).rejects.toMatchObject({ code: 'MODEL_CHANGED' });
    }
    expect(models.list()).toEqual([]);
  });

  it('has half of a bound, the same results, and no other model beside it', async () => {
    const expected = await models.usePair(TUNED, BASE, 'question', gradient);
    let told = 0;
    const bounded = open(64 << 20, () => (told += 1));
    await bounded.use({ path: join(TINY, 'llama') }, 'question', gradient);
    expect(await bounded.usePair(TUNED, BASE, 'question', gradient)).toEqual(expected);
    expect(
      await bounded.usePair(TUNED, BASE, 'question', ({ base }) => Promise.resolve(base.budget?.bytes)),
    ).toBe(32 << 20);
    expect(bounded.list()).toHaveLength(2);
    expect(told).toBe(0);
  });

  it('comes back with a new device when theirs is lost', async () => {
    const before = await models.usePair(TUNED, BASE, 'question', gradient);
    const lost = models.usePair(TUNED, BASE, 'batch', async (pair) => {
      pair.model.gpu.device.destroy();
      await pair.model.gpu.device.lost;
      return gradient(pair);
    });
    await expect(lost).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(await models.usePair(TUNED, BASE, 'question', gradient)).toEqual(before);
  });
});

describe('a worker without a GPU', () => {
  it('says so in every answer', async () => {
    const without = await GpuKeeper.open({ adapter: 'no such adapter' }, SILENT);
    expect(without.failure).toMatchObject({ code: 'ADAPTER_NOT_FOUND' });
    expect(() => without.report).toThrow(expect.objectContaining({ code: 'ADAPTER_NOT_FOUND' }) as Error);
    await expect(without.healthy()).rejects.toMatchObject({ code: 'ADAPTER_NOT_FOUND' });
    without.close();
  });
});
