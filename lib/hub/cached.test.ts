/** Finding models and datasets in a cache as Python's huggingface_hub lays it out, by their names. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReptraceError } from '../errors.ts';
import { hubCacheFolder, isCacheBlob, snapshotOf } from './cache-layout.ts';
import { allowedOrCached, cachedDataset, cachedModel } from './cached.ts';

const COMMIT = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

let cache: string;
let repository: string;
let snapshot: string;

beforeEach(async () => {
  cache = await realpath(await mkdtemp(join(tmpdir(), 'reptrace-cache-')));
  repository = join(cache, 'models--org--name');
  snapshot = join(repository, 'snapshots', COMMIT);
  await mkdir(join(repository, 'refs'), { recursive: true });
  await writeFile(join(repository, 'refs/main'), COMMIT);
});

afterEach(() => rm(cache, { recursive: true }));

/** A file of a snapshot, its contents in blobs. */
async function put(name: string, content = '{}', folder = snapshot): Promise<void> {
  const blob = join(dirname(dirname(folder)), 'blobs', name.replaceAll('/', '-'));
  const link = join(folder, name);
  await mkdir(dirname(blob), { recursive: true });
  await mkdir(dirname(link), { recursive: true });
  await writeFile(blob, content);
  await symlink(relative(dirname(link), blob), link);
}

describe('a model in the cache', () => {
  it('is found by its name: at main, at a ref, at a commit', async () => {
    await put('config.json');
    await put('model.safetensors');
    await mkdir(join(repository, 'refs/refs/pr'), { recursive: true });
    await writeFile(join(repository, 'refs/refs/pr/1'), `${COMMIT}\n`);
    for (const name of ['org/name', 'org/name@main', 'org/name@refs/pr/1', `org/name@${COMMIT}`])
      expect(await cachedModel(name, cache), name).toBe(snapshot);
    for (const name of ['org/name@refs', 'org/name@main%2Fmore'])
      await expect(cachedModel(name, cache), name).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('is not there as long as anything of it is missing: what to do is said', async () => {
    const missing = (what: string): object => ({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining(what) as string,
      remedy: expect.stringContaining('`reptrace pull org/name`') as string,
    });
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject(missing('org/name'));
    await put('config.json');
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject(missing('without model.safetensors'));
    const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
    await put('model.safetensors.index.json', JSON.stringify({ weight_map: map }));
    await put(map.a);
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject(missing(`without ${map.b}`));
    await symlink('../../blobs/not-there', join(snapshot, map.b));
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject(missing(`without ${map.b}`));
    await rm(join(snapshot, map.b));
    await put(map.b);
    expect(await cachedModel('org/name', cache)).toBe(snapshot);
    await expect(cachedModel(`org/name@${OTHER}`, cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(cachedModel('org/name@next', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(cachedModel('org/other', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(cachedModel('../org', cache)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('may be an adapter, or one GGUF file of several', async () => {
    await put('adapter_config.json');
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await put('adapter_model.safetensors');
    expect(await cachedModel('org/name', cache)).toBe(snapshot);
    await put('q/a.gguf');
    expect(await cachedModel('org/name/q/a.gguf', cache)).toBe(join(snapshot, 'q/a.gguf'));
  });

  it('is not what a link in its place leads to', async () => {
    const elsewhere = join(cache, 'elsewhere');
    await mkdir(elsewhere);
    for (const name of ['config.json', 'model.safetensors', 'a.gguf'])
      await writeFile(join(elsewhere, name), '{}');
    await mkdir(join(repository, 'snapshots'));
    await symlink(elsewhere, snapshot);
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await rm(snapshot);
    await mkdir(snapshot);
    await symlink(join(elsewhere, 'a.gguf'), join(snapshot, 'a.gguf'));
    await expect(cachedModel('org/name/a.gguf', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await writeFile(join(repository, 'refs/main'), '../../..');
    await expect(cachedModel('org/name', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('a dataset in the cache', () => {
  it('is found by its name, as a folder or one of its files', async () => {
    const folder = join(cache, 'datasets--org--data/snapshots', COMMIT);
    await put('data/train.jsonl', '{}', folder);
    await mkdir(join(cache, 'datasets--org--data/refs'));
    await writeFile(join(cache, 'datasets--org--data/refs/main'), COMMIT);
    for (const name of ['org/data', 'datasets/org/data', `org/data@${COMMIT}`])
      expect(await cachedDataset(name, cache), name).toBe(folder);
    expect(await cachedDataset('datasets/org/data/data/train.jsonl', cache)).toBe(
      join(folder, 'data/train.jsonl'),
    );
    await expect(cachedDataset('org/none', cache)).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      remedy: expect.stringContaining('reptrace pull datasets/org/none') as string,
    });
    await expect(cachedModel('org/data', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('may be named with a split, which need be no folder', async () => {
    const folder = join(cache, 'datasets--org--data/snapshots', COMMIT);
    await put('data/test-00000-of-00001.jsonl', '{}', folder);
    await mkdir(join(cache, 'datasets--org--data/refs'));
    await writeFile(join(cache, 'datasets--org--data/refs/main'), COMMIT);
    await symlink('/tmp', join(folder, 'out'));
    for (const split of ['test', 'data/test'])
      expect(await cachedDataset(`datasets/org/data/${split}`, cache)).toBe(join(folder, split));
    for (const other of ['test.jsonl', 'none/test', 'out/test'])
      await expect(cachedDataset(`datasets/org/data/${other}`, cache), other).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        remedy: expect.stringContaining('reptrace pull') as string,
      });
  });
});

describe('what clients name', () => {
  const denied = new ReptraceError('PATH_NOT_ALLOWED', 'no', 'no');

  it('is a path where one is there, else a name; what is neither is refused as a path or as a name', async () => {
    const here = (path: string): Promise<string> => Promise.resolve(path);
    const never = (): Promise<string> => Promise.reject(denied);
    expect(await allowedOrCached(cache, 'model', here)).toBe(cache);
    expect(await allowedOrCached('org/name', 'model', () => Promise.resolve(cache))).toBe(cache);
    expect(await allowedOrCached('/gone', 'model', here)).toBe('/gone');
    await expect(allowedOrCached('/gone', 'model', never)).rejects.toBe(denied);
    await expect(allowedOrCached('org/none', 'model', never)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    await expect(allowedOrCached('a/b.jsonl', 'dataset', never)).rejects.toBe(denied);
    const broken = new Error('broken');
    await expect(allowedOrCached('org/name', 'model', () => Promise.reject(broken))).rejects.toBe(broken);
  });

  it('is a path, and nothing to be fetched, where the folder is there that it begins in', async () => {
    await mkdir(join(cache, 'shards'));
    const at = (path: string): Promise<string> => Promise.resolve(join(cache, path));
    for (const path of ['shards/test', 'shards/data/test'])
      expect(await allowedOrCached(path, 'dataset', at)).toBe(join(cache, path));
    await mkdir(join(cache, 'datasets'));
    for (const name of ['org/test', 'datasets/org/none'])
      await expect(allowedOrCached(name, 'dataset', at), name).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        remedy: expect.stringContaining(`reptrace pull datasets/${name.replace('datasets/', '')}`) as string,
      });
  });

  it('may be a snapshot’s path, which counts as its name, wherever the cache lay', async () => {
    await put('config.json');
    await put('model.safetensors');
    const before = process.env['HF_HUB_CACHE'];
    process.env['HF_HUB_CACHE'] = cache;
    try {
      const never = (): Promise<string> => Promise.reject(denied);
      for (const there of [
        snapshot,
        `/other/models--org--name/snapshots/${COMMIT}`,
        `org/name@${COMMIT}`,
        'org/name',
      ])
        expect(await allowedOrCached(there, 'model', never), there).toBe(snapshot);
      await expect(allowedOrCached(`${snapshot}/../../refs/main`, 'model', never)).rejects.toMatchObject({
        code: expect.stringMatching(/PATH_NOT_ALLOWED|MODEL_NOT_FOUND/) as string,
      });
      await expect(allowedOrCached(snapshot, 'dataset', never)).rejects.toBe(denied);
    } finally {
      if (before === undefined) delete process.env['HF_HUB_CACHE'];
      else process.env['HF_HUB_CACHE'] = before;
    }
  });
});

describe('the layout', () => {
  it('is where Hugging Face’s variables say', () => {
    const home = join(homedir(), '.cache/huggingface/hub');
    expect(hubCacheFolder({})).toBe(home);
    expect(hubCacheFolder({ HF_HUB_CACHE: '', HF_HOME: '' })).toBe(home);
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/x', HF_HOME: '/h' })).toBe('/h/hub');
    expect(hubCacheFolder({ HF_HOME: '~/h' })).toBe(join(homedir(), 'h/hub'));
    expect(hubCacheFolder({ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/c' })).toBe('/c');
    expect(hubCacheFolder({ HF_HUB_CACHE: '$BASE/${SUB}/$NONE', BASE: '/b', SUB: 's' })).toBe('/b/s/$NONE');
  });

  it('keeps contents in a repository’s blobs, or in the store that repositories share, and nowhere else', async () => {
    const hash = 'ab'.padEnd(64, '0');
    const shared = join(cache, 'blobs/ab', hash);
    expect(await isCacheBlob(snapshot, join(repository, 'blobs/x'))).toBe(true);
    expect(await isCacheBlob(join(snapshot, 'sub'), join(repository, 'blobs/x'))).toBe(true);
    expect(await isCacheBlob(snapshot, shared)).toBe(false);
    await mkdir(join(cache, 'blobs'));
    await writeFile(join(cache, 'blobs/.huggingface-shared-blobs'), '1\n');
    expect(await isCacheBlob(snapshot, shared)).toBe(true);
    for (const real of [
      join(cache, 'blobs', hash),
      join(cache, 'blobs/cd', hash),
      join(cache, 'blobs/ab/x'),
      join(repository, 'blobs/x/y'),
      join(repository, 'refs/main'),
      join(cache, 'models--org--other/blobs/x'),
      '/etc/passwd',
    ])
      expect(await isCacheBlob(snapshot, real), real).toBe(false);
    expect(await isCacheBlob(repository, join(repository, 'blobs/x'))).toBe(false);
    expect(await isCacheBlob(join(cache, 'name/snapshots/x'), join(cache, 'name/blobs/x'))).toBe(false);
  });

  it('gives a snapshot’s path a name', () => {
    expect(snapshotOf(join(snapshot, 'q/a.gguf'))).toEqual({
      repository,
      name: { kind: 'model', repo: 'org/name', revision: COMMIT, file: 'q/a.gguf' },
    });
    expect(snapshotOf(join(cache, 'datasets--org--d/snapshots/x'))?.name.kind).toBe('dataset');
    expect(snapshotOf(repository)).toBeUndefined();
    expect(snapshotOf('/models/snapshots/x')).toBeUndefined();
  });
});
