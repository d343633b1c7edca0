/** `reptrace pull` and what is then found by name, with the real command: killed half-way, taken up again, interrupted. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256, startHub, type HubOptions, type HubRepo, type LocalHub } from '../servers/hub.ts';
import { sharedPath } from '../shared.ts';
import { parseLines, start, type Outcome } from './command.ts';

const COMMIT = 'd'.repeat(40);
const TINY = sharedPath('models/tiny-random/llama');

let cache: string;
let hub: LocalHub | undefined;
let weights: Buffer;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'reptrace-e2e-pull-'));
  weights = await readFile(join(TINY, 'model.safetensors'));
});

afterEach(async () => {
  await hub?.close();
  hub = undefined;
  await rm(cache, { recursive: true });
});

async function stories(): Promise<readonly HubRepo[]> {
  const dir = sharedPath('models/stories260K/hf');
  const files: Record<string, Buffer> = {};
  for (const name of await readdir(dir)) files[name] = await readFile(join(dir, name));
  const row = (i: number): string => JSON.stringify({ prompt: `Once ${i}`, response: `upon a time ${i}` });
  const rows = Buffer.from(Array.from({ length: 6 }, (_, i) => row(i)).join('\n'));
  const at = { refs: { main: COMMIT } };
  return [
    { kind: 'model', name: 'org/stories', ...at, commits: { [COMMIT]: files } },
    { kind: 'dataset', name: 'org/rows', ...at, commits: { [COMMIT]: { 'data/train.jsonl': rows } } },
  ];
}

async function serve(options: Partial<HubOptions> = {}): Promise<LocalHub> {
  const files = { 'config.json': await readFile(join(TINY, 'config.json')), 'model.safetensors': weights };
  const repo = {
    kind: 'model',
    name: 'org/tiny',
    refs: { main: COMMIT },
    commits: { [COMMIT]: files },
  } as const;
  hub = await startHub({ repos: [repo], ...options });
  return hub;
}

function begin(
  args: readonly string[],
  input = '',
  more: Readonly<Record<string, string>> = {},
): ReturnType<typeof start> {
  const env = {
    ...more,
    HF_ENDPOINT: hub?.endpoint ?? '',
    HF_HUB_CACHE: cache,
    HF_HOME: cache,
    HF_TOKEN: '',
  };
  return start(args, input, env);
}

function reptrace(args: readonly string[], input = ''): Promise<Outcome> {
  return begin(args, input).outcome;
}

/** Until so much of the weights is there. */
async function partOf(bytes: number): Promise<number> {
  const incomplete = join(cache, 'models--org--tiny/blobs', `${sha256(weights)}.incomplete`);
  for (let waited = 0; waited < 30_000; waited += 10) {
    const size = await stat(incomplete).then(
      (found) => found.size,
      () => 0,
    );
    if (size >= bytes) return size;
    await sleep(10);
  }
  throw new Error(`${bytes} bytes of the weights did not come`);
}

describe('reptrace pull', () => {
  it('killed half-way, goes on where it was; the model then runs by its name', async () => {
    const { requests } = await serve({ slow: { bytes: 10_000, ms: 40 } });
    const first = begin(['pull', 'org/tiny']);
    await partOf(weights.length / 3);
    first.kill();
    expect((await first.outcome).code).toBeNull();
    const cases = '{"name":"a","inputIds":[1,5,9,3],"promptLength":2}';
    const ask = ['signature', '--model', 'org/tiny', '--cases', '-', '--layers', 'last', '--json'];
    const early = await reptrace(ask, cases);
    expect(early.code).toBe(1);
    expect(early.stderr).toMatch(/MODEL_NOT_FOUND[^]*`reptrace pull org\/tiny`/);

    const kept = await partOf(weights.length / 3);
    requests.length = 0;
    await hub?.close();
    const second = await serve();
    const { code, stdout, stderr } = await reptrace(['pull', 'org/tiny', '--json']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('2 files') as string });
    const sent = second.fileRequests().reduce((sum, request) => sum + request.sent, 0);
    expect(sent).toBe(weights.length - kept);
    expect(parseLines(stdout)).toMatchObject([{ commit: COMMIT, fetched: sent }]);
    expect(await readdir(join(cache, 'models--org--tiny/blobs'))).toHaveLength(2);

    const [byName] = parseLines((await reptrace(ask, cases)).stdout);
    const [byPath] = parseLines(
      (
        await reptrace(
          ask.map((arg) => (arg === 'org/tiny' ? TINY : arg)),
          cases,
        )
      ).stdout,
    );
    expect(byName).toEqual(byPath);
  });

  it('interrupted by Ctrl-C, says that what came is kept', async () => {
    await serve({ slow: { bytes: 10_000, ms: 40 } });
    const child = begin(['pull', 'org/tiny']);
    await partOf(50_000);
    child.interrupt();
    const { code, stderr } = await child.outcome;
    expect(code).toBe(1);
    expect(stderr).toMatch(/CANCELLED/);
    expect(await partOf(50_000)).toBeGreaterThanOrEqual(50_000);
  });

  it('prints the folder alone on stdout, and names what is wrong', async () => {
    await serve();
    const { stdout, stderr } = await reptrace(['pull', 'org/tiny@main']);
    expect(stdout).toBe(`${join(cache, 'models--org--tiny/snapshots', COMMIT)}\n`);
    expect(stderr).toMatch(/org\/tiny@main: 2 files, 3\d\d kB/);
    const none = await reptrace(['pull', 'org/tiny@gone']);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('MODEL_NOT_FOUND');
    expect((await reptrace(['pull', '../tiny'])).stderr).toContain('INPUT_INVALID');
  });
});

describe('models and datasets of the cache', () => {
  it('are indexed and traced by their names, where nothing but the data folder may be read', async () => {
    await serve({ repos: await stories() });
    const limited = { REPTRACE_DATA: join(cache, 'data'), REPTRACE_ROOTS: join(cache, 'data') };
    const command = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await begin(args, '', limited).outcome;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return parseLines(stdout)[0];
    };
    await command('pull', 'org/stories', '--json');
    await command('pull', 'org/rows', '--dataset', '--json');
    const names = ['--model', 'org/stories', '--data', 'datasets/org/rows'];
    const built = await command('index', 'build', '--name', 'a', ...names, '--layers', '3', '--json');
    expect(built).toMatchObject({ state: 'COMPLETED', samples: 6 });
    const question = ['--prompt', 'Once 3', '--output', 'upon a time 3'];
    const trace = await command('trace', '--index', 'a', ...question, '--top', '1', '--json');
    expect(trace).toMatchObject({ matches: [{ sample: { row: 3 } }] });
  });
});

describe('reptrace convert', () => {
  it('writes a folder that is the same model, and names a folder that is in the way', async () => {
    const out = join(cache, 'out');
    const args = ['convert', '--model', TINY, '--out', out, '--shard-bytes', '100000', '--json'];
    const [done] = parseLines((await reptrace(args)).stdout);
    expect(done).toMatchObject({ out, tensors: expect.any(Number) as number });
    expect((await readdir(out)).filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(2);
    expect((await reptrace(args)).stderr).toContain('INPUT_INVALID');
  });
});
