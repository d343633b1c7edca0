/** Fetching from a hub of this machine that speaks the real one's paths. */
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  gitSha1,
  sha256,
  startHub,
  type HubOptions,
  type HubRepo,
  type LocalHub,
} from '../../../test/servers/hub.ts';
import { sharedPath } from '../../../test/shared.ts';
import { cachedDataset, cachedModel } from '../cached.ts';
import { parseHubName, type HubName } from '../hub-name.ts';
import { pull, type Pulled, type PullOptions } from './pull.ts';

const COMMIT = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);
const LLAMA = sharedPath('models/tiny-random/llama');
const TOKEN = 'secret-of-a-test';

let cache: string;
let hub: LocalHub | undefined;
let config: Buffer;
let weights: Buffer;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'reptrace-pull-'));
  config = await readFile(join(LLAMA, 'config.json'));
  weights = await readFile(join(LLAMA, 'model.safetensors'));
});

afterEach(async () => {
  await hub?.close();
  hub = undefined;
  await rm(cache, { recursive: true });
});

function llama(files: Readonly<Record<string, Buffer>> = {}, more: Partial<HubRepo> = {}): HubRepo {
  const all = { 'config.json': config, 'model.safetensors': weights, ...files };
  return { kind: 'model', name: 'org/llama', refs: { main: COMMIT }, commits: { [COMMIT]: all }, ...more };
}

async function serve(repo: HubRepo, options: Partial<HubOptions> = {}): Promise<LocalHub> {
  hub = await startHub({ repos: [repo], ...options });
  return hub;
}

function fetched(text: string, options: Partial<PullOptions> = {}): Promise<Pulled> {
  const endpoint = hub?.endpoint ?? 'http://127.0.0.1:1';
  return pull(named(text), { endpoint, token: undefined, cache, retryMs: 1, ...options });
}

function named(text: string): HubName {
  const name = parseHubName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

async function blobs(repo = 'models--org--llama'): Promise<string[]> {
  return (await readdir(join(cache, repo, 'blobs'))).sort();
}

describe('pull', () => {
  it('lays a model out as Hugging Face does: contents by checksum, relative links, the branch’s commit', async () => {
    await serve(llama({ 'README.md': Buffer.from('x'), 'run.py': Buffer.from('x'), 'model.bin': weights }));
    const { path, commit, files, bytes, fetched: came } = await fetched('org/llama');
    const snapshot = join(cache, 'models--org--llama/snapshots', COMMIT);
    expect({ path, commit, files }).toEqual({
      ...{ path: snapshot, commit: COMMIT, files: ['config.json', 'model.safetensors'] },
    });
    expect(bytes).toBe(config.length + weights.length);
    expect(came).toBe(bytes);
    expect(await readlink(join(snapshot, 'config.json'))).toBe(`../../blobs/${gitSha1(config)}`);
    expect(await readlink(join(snapshot, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights)}`);
    expect(await readFile(join(snapshot, 'model.safetensors'))).toEqual(weights);
    expect(await readFile(join(cache, 'models--org--llama/refs/main'), 'utf8')).toBe(COMMIT);
    expect(await blobs()).toEqual([gitSha1(config), sha256(weights)].sort());
    expect(await cachedModel('org/llama', cache)).toBe(snapshot);
  });

  it('asks for no file that is there already, and fetches one that was cut short behind our back', async () => {
    const { requests, fileRequests } = await serve(llama());
    await fetched('org/llama');
    requests.length = 0;
    expect(await fetched('org/llama')).toMatchObject({ fetched: 0, commit: COMMIT });
    expect(fileRequests()).toEqual([]);
    await writeFile(join(cache, 'models--org--llama/blobs', sha256(weights)), 'short');
    expect(await fetched('org/llama')).toMatchObject({ fetched: weights.length });
    expect(await readFile(join(cache, 'models--org--llama/snapshots', COMMIT, 'model.safetensors'))).toEqual(
      weights,
    );
  });

  it('takes a branch, a tag or a commit, and contents that two commits share once', async () => {
    const old = { 'config.json': Buffer.from('{}'), 'model.safetensors': weights };
    const repo = llama();
    const commits = { ...repo.commits, [OLDER]: old };
    const { fileRequests, requests } = await serve({
      ...repo,
      ...{ commits, refs: { main: COMMIT, 'v1.0': OLDER, 'feature/x': OLDER, 'refs/pr/1': OLDER } },
    });
    await fetched('org/llama');
    requests.length = 0;
    expect(await fetched('org/llama@v1.0')).toMatchObject({ commit: OLDER, fetched: 2 });
    expect(fileRequests().map(({ path }) => path)).toEqual([`/org/llama/resolve/${OLDER}/config.json`]);
    await fetched('org/llama@feature%2Fx');
    await fetched('org/llama@refs/pr/1');
    expect(await fetched(`org/llama@${OLDER}`)).toMatchObject({ commit: OLDER, fetched: 0 });
    const refs = join(cache, 'models--org--llama/refs');
    for (const ref of ['v1.0', 'feature/x', 'refs/pr/1'])
      expect(await readFile(join(refs, ref), 'utf8'), ref).toBe(OLDER);
    expect(await readdir(refs)).not.toContain(OLDER);
    for (const name of ['v1.0', 'feature%2Fx', 'refs/pr/1', OLDER])
      expect(await cachedModel(`org/llama@${name}`, cache), name).toContain(OLDER);
  });

  it('takes a dataset, folders and all, and its files are found by name', async () => {
    const rows = Buffer.from('{"prompt":"a","response":"b"}\n');
    const files = { 'data/train.jsonl': rows, 'README.md': Buffer.from('#'), 'load.py': Buffer.from('x') };
    await serve(
      { ...llama(), kind: 'dataset', name: 'org/data', commits: { [COMMIT]: files } },
      { pageSize: 2 },
    );
    const { files: names, path } = await fetched('datasets/org/data');
    expect([...names].sort()).toEqual(['README.md', 'data/train.jsonl']);
    expect(path).toBe(join(cache, 'datasets--org--data/snapshots', COMMIT));
    expect(await readlink(join(path, 'data/train.jsonl'))).toBe(`../../../blobs/${gitSha1(rows)}`);
    expect(await cachedDataset('org/data', cache)).toBe(path);
    expect(await cachedDataset('datasets/org/data/data/train.jsonl', cache)).toBe(
      join(path, 'data/train.jsonl'),
    );
  });

  it('shows how many bytes are there, of how many', async () => {
    await serve(llama(), { slow: { bytes: 100_000, ms: 1 } });
    const seen: number[] = [];
    const onProgress: PullOptions['onProgress'] = ({ done, total }) => {
      expect(total).toBe(config.length + weights.length);
      seen.push(done);
    };
    await fetched('org/llama', { onProgress });
    expect(seen.at(-1)).toBe(config.length + weights.length);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    expect(seen.length).toBeGreaterThan(3);
  });

  it('fetches at most so many files at once', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`model-0000${i + 1}-of-00009.safetensors`, Buffer.alloc(5000, i)]),
    );
    const repo = llama(many, {});
    const { 'model.safetensors': _, ...files } = repo.commits[COMMIT];
    let open = 0;
    let most = 0;
    await serve(
      { ...repo, commits: { [COMMIT]: files } },
      {
        slow: { bytes: 1000, ms: 5 },
        before: (request, response) => {
          if (request.host !== 'store') return false;
          most = Math.max(most, ++open);
          response.on('finish', () => open--);
          return false;
        },
      },
    );
    expect((await fetched('org/llama', { parallel: 3 })).files).toHaveLength(10);
    expect(most).toBe(3);
  });
});

describe('what is fetched', () => {
  const text = Buffer.from('{}');

  it('of several GGUF files is the one that --include or the name says', async () => {
    const files = {
      'a.Q4.gguf': weights,
      'a.Q8.gguf': Buffer.concat([weights, text]),
      'tokenizer.json': text,
    };
    await serve(llama({}, { commits: { [COMMIT]: files } }));
    await expect(fetched('org/llama')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      remedy: expect.stringContaining('a.Q8.gguf') as string,
    });
    expect((await fetched('org/llama', { include: ['*Q4*'] })).files).toEqual([
      'tokenizer.json',
      'a.Q4.gguf',
    ]);
    expect((await fetched('org/llama/a.Q8.gguf')).files).toEqual(['tokenizer.json', 'a.Q8.gguf']);
    expect(await cachedModel('org/llama/a.Q8.gguf', cache)).toMatch(/snapshots\/a{40}\/a\.Q8\.gguf$/);
    await expect(cachedModel('org/llama/b.gguf', cache)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('is never a pickle or Python code, whatever is asked for', async () => {
    await serve(
      llama(
        {},
        { commits: { [COMMIT]: { 'config.json': text, 'pytorch_model.bin': weights, 'm.py': text } } },
      ),
    );
    await expect(fetched('org/llama')).rejects.toMatchObject({
      message: expect.stringContaining('pickles') as string,
    });
    await expect(fetched('org/llama', { include: ['*'] })).resolves.toMatchObject({ files: ['config.json'] });
    await expect(fetched('org/llama', { include: ['*.bin', '*.py'] })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('pytorch_model.bin') as string,
    });
  });

  it.each([
    '../escape.json',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    'a\\..\\b',
    'C:evil',
    'a\0b',
    'x'.repeat(300),
    '',
  ])('is nothing at all of a repository with a file named %j', async (path) => {
    await serve(llama(), {
      listing: (entries) => [...entries, { type: 'file', oid: gitSha1(text), size: 2, path }],
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
    expect(await readdir(cache)).toEqual([]);
  });

  it.each([
    ['a checksum that is a path', { oid: '../../../x' }],
    ['no size', { size: 'large' }],
    ['a size below nothing', { size: -1 }],
    ['a size beyond any file', { size: 2 ** 50 }],
    ['a file twice', {}],
  ])('is nothing of a listing with %s', async (_, change) => {
    await serve(llama(), { listing: (entries) => [...entries, { ...entries[0], ...change }] });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
  });

  it('is refused before anything comes when the disk has no room for it', async () => {
    const { fileRequests } = await serve(llama(), {
      listing: (entries) =>
        entries.map((entry) =>
          entry['path'] === 'model.safetensors'
            ? { ...entry, lfs: { oid: '3'.repeat(64), size: 2 ** 40 } }
            : entry,
        ),
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(fileRequests()).toEqual([]);
  });
});

describe('a hub that answers otherwise', () => {
  it('a wrong checksum is an error, and leaves neither contents nor a snapshot', async () => {
    await serve(llama(), { corrupt: (_, body) => Buffer.concat([body.subarray(1), Buffer.from('x')]) });
    await expect(fetched('org/llama')).rejects.toMatchObject({
      code: 'DOWNLOAD_INVALID',
      message: expect.stringContaining('model.safetensors') as string,
    });
    expect(await blobs()).toEqual([gitSha1(config)]);
    await expect(lstat(join(cache, 'models--org--llama/snapshots'))).rejects.toThrow('ENOENT');
    await expect(cachedModel('org/llama', cache)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      remedy: expect.stringContaining('reptrace pull org/llama') as string,
    });
  });

  it('more bytes than are listed are not written', async () => {
    await serve(llama(), { corrupt: (_, body) => Buffer.concat([body, body]) });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
    expect(await blobs()).toEqual([gitSha1(config)]);
  });

  it('a connection that breaks again and again is gone on with where it broke, as long as something comes', async () => {
    let broken = 0;
    const { fileRequests } = await serve(llama(), {
      slow: { bytes: 40_000, ms: 8 },
      before: (request, response) => {
        if (request.host === 'store' && ++broken <= 7) setTimeout(() => response.destroy(), 20).unref();
        return false;
      },
    });
    const { fetched: came } = await fetched('org/llama');
    expect(came).toBe(config.length + weights.length);
    const parts = fileRequests().filter(({ host }) => host === 'store');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.slice(1).some(({ range }) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
    expect(await blobs()).toEqual([gitSha1(config), sha256(weights)].sort());
  });

  it('what an earlier process left is gone on with; a hub without ranges sends all of it again', async () => {
    const partial = join(cache, 'models--org--llama/blobs', `${sha256(weights)}.incomplete`);
    const leave = async (bytes: Buffer): Promise<void> => {
      await rm(join(cache, 'models--org--llama'), { recursive: true, force: true });
      await mkdir(join(cache, 'models--org--llama/blobs'), { recursive: true });
      await writeFile(partial, bytes);
    };
    const { requests } = await serve(llama());
    await leave(weights.subarray(0, 1000));
    expect(await fetched('org/llama')).toMatchObject({ fetched: config.length + weights.length - 1000 });
    expect(requests.find(({ host }) => host === 'store')).toMatchObject({ range: 'bytes=1000-' });
    await leave(weights);
    expect(await fetched('org/llama')).toMatchObject({ fetched: config.length });
    await leave(Buffer.concat([weights, weights]));
    expect(await fetched('org/llama')).toMatchObject({ commit: COMMIT });
    await leave(Buffer.from('of another file'));
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
    expect(await fetched('org/llama')).toMatchObject({ commit: COMMIT });
    await hub?.close();
    await serve(llama(), { noRanges: true });
    await leave(weights.subarray(0, 1000));
    await fetched('org/llama');
    expect(await stat(join(cache, 'models--org--llama/blobs', sha256(weights)))).toMatchObject({
      size: weights.length,
    });
  });

  it('what another process is fetching is not cut off, also where the hub sends all of it again', async () => {
    await serve(llama(), { noRanges: true, slow: { bytes: 20_000, ms: 20 } });
    const stop = new AbortController();
    let second: Promise<unknown> | undefined;
    let before = 0;
    const begunAnew: PullOptions['onProgress'] = ({ done }) => {
      if (done < before) stop.abort();
      else before = done;
    };
    await fetched('org/llama', {
      onProgress: ({ done }) => {
        if (done > config.length + 60_000)
          second ??= fetched('org/llama', { signal: stop.signal, onProgress: begunAnew }).catch(
            (error: unknown) => error,
          );
      },
    });
    expect(await second).toMatchObject({ code: 'CANCELLED' });
    const blob = await readFile(join(cache, 'models--org--llama/blobs', sha256(weights)));
    expect(sha256(blob)).toBe(sha256(weights));
  });

  it('the token goes to the hub, and not to the host that it redirects to', async () => {
    const { requests } = await serve(llama({}, { gated: TOKEN }));
    await fetched('org/llama', { token: TOKEN });
    expect(requests.length).toBeGreaterThan(3);
    for (const { host, authorization } of requests)
      expect(authorization, host).toBe(host === 'hub' ? `Bearer ${TOKEN}` : undefined);
  });

  it('a gated or private repository is named so, with what opens it', async () => {
    await serve(llama({}, { gated: TOKEN }));
    const gated = {
      code: 'UNAUTHENTICATED',
      remedy: expect.stringMatching(/conditions.*HF_TOKEN/) as string,
    };
    await expect(fetched('org/llama')).rejects.toMatchObject(gated);
    await expect(fetched('org/llama', { token: 'other' })).rejects.toMatchObject(gated);
    await hub?.close();
    await serve(llama({}, { private: TOKEN }));
    await expect(fetched('org/llama')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      remedy: expect.stringContaining('HF_TOKEN') as string,
    });
    expect(await fetched('org/llama', { token: TOKEN })).toMatchObject({ commit: COMMIT });
  });

  it('says whether it is the repository or the revision that is not there', async () => {
    await serve(llama());
    await expect(fetched('org/none', { token: TOKEN })).rejects.toMatchObject({
      ...{ code: 'MODEL_NOT_FOUND', message: expect.stringContaining('"org/none"') as string },
    });
    await expect(fetched('org/llama@gone')).rejects.toMatchObject({
      ...{ code: 'MODEL_NOT_FOUND', message: expect.stringContaining('revision "gone"') as string },
    });
    await expect(fetched('datasets/org/llama', { token: TOKEN })).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
    });
    await hub?.close();
    // A hub that gives no reason with its 404.
    await serve(llama(), {
      before: ({ path }, response) => {
        if (!path.includes('/revision/')) return false;
        response.writeHead(404).end();
        return true;
      },
    });
    await expect(fetched('org/llama@gone')).rejects.toMatchObject({
      message: expect.stringContaining('revision "gone"') as string,
    });
    await expect(fetched('org/none@gone', { token: TOKEN })).rejects.toMatchObject({
      message: expect.stringContaining('no model "org/none"') as string,
    });
  });

  it('waits as it is told when it asks too much, and gives up in the end', async () => {
    let refusals = 2;
    const times: number[] = [];
    await serve(llama(), {
      before: ({ path }, response) => {
        if (!path.includes('/tree/')) return false;
        times.push(performance.now());
        if (refusals-- <= 0) return false;
        response.writeHead(429, { 'retry-after': '1' }).end();
        return true;
      },
    });
    await fetched('org/llama');
    expect(times).toHaveLength(3);
    expect(times[2] - times[0]).toBeGreaterThan(1900);
    refusals = 100;
    await hub?.close();
    await serve(llama(), {
      before: (_, response) => {
        response.writeHead(503).end();
        return true;
      },
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({
      ...{ code: 'SERVICE_UNAVAILABLE', message: expect.stringContaining('503') as string },
    });
    expect(hub?.requests).toHaveLength(5);
  });

  it('that is not there, is silent, or sends something else, is named', async () => {
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await serve(llama(), { before: () => true });
    await expect(fetched('org/llama', { idleMs: 50 })).rejects.toMatchObject({
      ...{ code: 'SERVICE_UNAVAILABLE', message: expect.stringContaining('nothing came') as string },
    });
    await hub?.close();
    await serve(llama(), {
      before: (_, response) => {
        response.end('<html>');
        return true;
      },
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
    await hub?.close();
    await serve(llama(), {
      before: ({ path }, response) => {
        response.writeHead(302, { location: path }).end();
        return true;
      },
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({
      ...{ code: 'DOWNLOAD_INVALID', message: expect.stringContaining('redirects') as string },
    });
  });

  it('a listing without an end, or an answer without one, is given up', async () => {
    await serve(llama(), {
      before: ({ path, host }, response) => {
        if (host !== 'hub' || !path.includes('/tree/')) return false;
        const next = `http://127.0.0.1:${String(response.socket?.localPort)}${path}`;
        response.setHeader('link', `<${next}>; rel="next"`).end('[]');
        return true;
      },
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
    await hub?.close();
    const block = Buffer.alloc(1 << 20, ' ');
    await serve(llama(), {
      before: (_, response) => {
        const write = (): void => {
          if (!response.destroyed) response.write(block, () => setImmediate(write));
        };
        write();
        return true;
      },
    });
    await expect(fetched('org/llama')).rejects.toMatchObject({ code: 'DOWNLOAD_INVALID' });
  });

  it('can be interrupted; what came so far stays for the next time', async () => {
    await serve(llama(), { slow: { bytes: 20_000, ms: 10 } });
    const stop = new AbortController();
    const onProgress: PullOptions['onProgress'] = ({ done }) => {
      if (done > config.length + 50_000) stop.abort();
    };
    await expect(fetched('org/llama', { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const partial = await stat(join(cache, 'models--org--llama/blobs', `${sha256(weights)}.incomplete`));
    expect(partial.size).toBeGreaterThanOrEqual(50_000);
    expect(await fetched('org/llama')).toMatchObject({ fetched: weights.length - partial.size });
  });
});
