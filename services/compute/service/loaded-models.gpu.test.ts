/** Models on a real device: kept, closed, loaded again after the device was lost. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { sharedPath } from '../../../test/shared.ts';
import { signaturesOfBatch } from '../engine/attribution/signature.ts';
import { GpuKeeper } from './gpu-keeper.ts';
import { Lane } from './lane.ts';
import { LoadedModels, MODELS, type LoadedModel } from './loaded-models.ts';
import { ModelDigests } from './model-digests.ts';
import { ModelFinder } from './model-finder.ts';

const TINY = sharedPath('models/tiny-random');
const SAMPLE = { name: 'one', inputIds: [3, 4, 5, 6], promptLength: 2 };

let folder: string;
let records: Records;
let keeper: GpuKeeper;
let models: LoadedModels;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-loaded-'));
  records = await openSqliteRecords(join(folder, 'records.sqlite'));
  keeper = await GpuKeeper.open({}, SILENT);
  const digests = new ModelDigests(records);
  const finder = new ModelFinder({ roots: [TINY, folder], models: [] }, digests, SILENT);
  models = new LoadedModels({ keeper, lane: new Lane(), finder, digests, records });
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

describe('a worker without a GPU', () => {
  it('says so in every answer', async () => {
    const without = await GpuKeeper.open({ adapter: 'no such adapter' }, SILENT);
    expect(without.failure).toMatchObject({ code: 'ADAPTER_NOT_FOUND' });
    expect(() => without.report).toThrow(expect.objectContaining({ code: 'ADAPTER_NOT_FOUND' }) as Error);
    await expect(without.healthy()).rejects.toMatchObject({ code: 'ADAPTER_NOT_FOUND' });
    without.close();
  });
});
