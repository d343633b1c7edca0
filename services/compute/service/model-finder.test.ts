/** Finding models by path and digest, on copies of small real ones; nothing is loaded. */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { sharedPath } from '../../../test/shared.ts';
import { openPlace, placeKey } from './model-place.ts';
import { ModelDigests } from './model-digests.ts';
import { ModelFinder } from './model-finder.ts';

const LLAMA = sharedPath('models/tiny-random/llama');
const ROPE = sharedPath('models/tiny-random/llama3-rope');
const STORIES_GGUF = sharedPath('models/stories260K/stories260Ktok512.gguf');

let folder: string;
let records: Records;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-finder-'));
  records = await openSqliteRecords(join(folder, 'records.sqlite'));
});

afterEach(async () => {
  await records.close();
  await rm(folder, { recursive: true });
});

function finder(models: readonly string[] = [], roots: readonly string[] = []): ModelFinder {
  return new ModelFinder({ models, roots }, new ModelDigests(records), SILENT);
}

async function digestOf(path: string, lora: string | null = null): Promise<string> {
  return (await openPlace({ path, lora })).digest();
}

describe('a model named by its path', () => {
  it('is found under the roots and the model folders, and nowhere else', async () => {
    await cp(LLAMA, join(folder, 'in/llama'), { recursive: true });
    await symlink(LLAMA, join(folder, 'in/link'));
    const path = join(folder, 'in/llama');
    expect(await finder([], [join(folder, 'in')]).find({ path })).toMatchObject({
      path,
      lora: null,
      digest: undefined,
    });
    expect(await finder([join(folder, 'in')]).find({ path })).toMatchObject({ path });
    const refused = { code: 'PATH_NOT_ALLOWED' };
    await expect(finder([join(folder, 'in')]).find({ path: LLAMA })).rejects.toMatchObject(refused);
    await expect(finder([join(folder, 'in')]).find({ path: join(folder, 'in/link') })).rejects.toMatchObject(
      refused,
    );
    await expect(
      finder([join(folder, 'in')]).find({ path, adapter: join(ROPE, 'adapter-qv') }),
    ).rejects.toMatchObject(refused);
  });

  it('needs a path or a whole digest', async () => {
    await expect(finder().find({})).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(finder().find({ digest: 'abc' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('must have the digest that is asked for: both are named when it has another', async () => {
    await cp(LLAMA, join(folder, 'model'), { recursive: true });
    const path = join(folder, 'model');
    const digest = await digestOf(path);
    const here = finder([], [folder]);
    expect(await here.find({ path, digest })).toMatchObject({ path, digest });
    const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as object;
    await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, rms_norm_eps: 0.05 }));
    const now = await digestOf(path);
    await expect(here.find({ path, digest })).rejects.toMatchObject({
      code: 'MODEL_CHANGED',
      message: expect.stringMatching(
        new RegExp(`${path}.*${now.slice(0, 12)}.*${digest.slice(0, 12)}`),
      ) as string,
      remedy: expect.stringContaining('Build the index again') as string,
    });
  });
});

describe('a model named as in the Hugging Face cache', () => {
  const commit = 'c'.repeat(40);
  let before: string | undefined;
  let snapshot: string;

  beforeEach(async () => {
    before = process.env['HF_HUB_CACHE'];
    process.env['HF_HUB_CACHE'] = join(folder, 'hub');
    const repository = join(folder, 'hub/models--org--rope');
    snapshot = join(repository, 'snapshots', commit);
    await cp(ROPE, join(repository, 'blobs'), { recursive: true });
    await mkdir(join(repository, 'refs'));
    await writeFile(join(repository, 'refs/main'), commit);
    await mkdir(snapshot, { recursive: true });
    for (const name of await readdir(ROPE)) await symlink(`../../blobs/${name}`, join(snapshot, name));
  });

  afterEach(() => {
    if (before === undefined) delete process.env['HF_HUB_CACHE'];
    else process.env['HF_HUB_CACHE'] = before;
  });

  it('is found by that name, though the cache is under no root, and again by the path that is reported', async () => {
    const here = finder([], [join(folder, 'roots')]);
    const found = await here.find({ path: 'org/rope' });
    expect(found).toMatchObject({ path: snapshot, lora: null });
    const digest = await digestOf(ROPE);
    expect(await here.find({ path: found.path, digest })).toMatchObject({ path: snapshot, digest });
    expect(await here.find({ path: `org/rope@${commit}`, digest })).toMatchObject({ path: snapshot, digest });
    await expect(here.find({ path: join(folder, 'hub') })).rejects.toMatchObject({
      code: 'PATH_NOT_ALLOWED',
    });
    await expect(here.find({ path: 'org/none' })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      remedy: expect.stringContaining('reptrace pull org/none') as string,
    });
  });

  it('may be an adapter too', async () => {
    const repository = join(folder, 'hub/models--org--adapter');
    const at = join(repository, 'snapshots', commit);
    await mkdir(join(repository, 'refs'), { recursive: true });
    await writeFile(join(repository, 'refs/main'), commit);
    await cp(join(ROPE, 'adapter-qv'), at, { recursive: true });
    expect(await finder().find({ path: 'org/rope', adapter: 'org/adapter' })).toMatchObject({
      ...{ path: snapshot, lora: at },
    });
  });
});

describe('a model named by its digest', () => {
  it('is found in the model folders, wherever it was moved to, as a folder or as a GGUF file', async () => {
    const models = join(folder, 'models');
    await cp(LLAMA, join(models, 'hub/models--a--b/snapshots/1'), { recursive: true });
    await mkdir(join(models, 'gguf'));
    await cp(STORIES_GGUF, join(models, 'gguf/stories.gguf'));
    await mkdir(join(models, 'broken'));
    await writeFile(join(models, 'broken/config.json'), '{');
    await writeFile(join(models, 'broken/model.safetensors'), 'no');
    const digest = await digestOf(LLAMA);
    const gone = join(folder, 'gone');
    const roots = [folder];
    expect(await finder([join(models, 'hub')], roots).find({ digest, path: gone })).toMatchObject({
      path: join(models, 'hub/models--a--b/snapshots/1'),
    });
    expect(await finder([models]).find({ digest: await digestOf(STORIES_GGUF) })).toMatchObject({
      path: join(models, 'gguf/stories.gguf'),
    });
    await rename(join(models, 'hub/models--a--b/snapshots/1'), join(models, 'moved'));
    expect(await finder([models]).find({ digest })).toMatchObject({ path: join(models, 'moved') });
  });

  it('is not found where it is not, whatever the reason that the path gives is then told', async () => {
    const digest = 'a'.repeat(64);
    await expect(finder([folder]).find({ digest })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(finder([folder]).find({ digest, path: join(folder, 'gone') })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('gone') as string,
    });
    await expect(finder([folder]).find({ digest, path: LLAMA })).rejects.toMatchObject({
      code: 'PATH_NOT_ALLOWED',
    });
  });

  it('is found with its adapter, by the digest of both', async () => {
    await cp(ROPE, join(folder, 'rope'), { recursive: true });
    await cp(LLAMA, join(folder, 'llama'), { recursive: true });
    const path = join(folder, 'rope');
    const digest = await digestOf(path, join(ROPE, 'adapter-qv'));
    const found = { path, lora: join(path, 'adapter-qv'), digest };
    expect(await finder([folder]).find({ digest, path, adapter: join(path, 'adapter-qv') })).toMatchObject(
      found,
    );
    expect(await finder([folder]).find({ digest, adapter: '/elsewhere/adapter' })).toMatchObject(found);
    await expect(finder([folder]).find({ digest, path })).rejects.toMatchObject({ code: 'MODEL_CHANGED' });
  });
});

describe('digests', () => {
  it('are remembered over restarts as long as no file that counts changes', async () => {
    const path = join(folder, 'rope');
    await cp(ROPE, path, { recursive: true });
    const lora = join(path, 'adapter-all');
    const { digest } = await new ModelDigests(records).digestOf({ path, lora: null });
    const key = await placeKey({ path, lora: null });
    expect(await new ModelDigests(records).known(key)).toBe(digest);
    await writeFile(join(path, 'README.md'), 'nothing that counts');
    expect(await placeKey({ path, lora: null })).toBe(key);
    const both = await placeKey({ path, lora });
    await cp(join(ROPE, 'adapter-qv/adapter_config.json'), join(lora, 'adapter_config.json'));
    expect(await placeKey({ path, lora: null })).toBe(key);
    expect(await placeKey({ path, lora })).not.toBe(both);
    await cp(join(ROPE, 'config.json'), join(path, 'config.json'));
    expect(await placeKey({ path, lora: null })).not.toBe(key);
  });
});
