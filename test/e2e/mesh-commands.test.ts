/** The commands that look after indexes, against one mesh that is running, as a user would type them. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexResult, TraceFields } from '../../cli/client/results.ts';
import { writeRows } from '../mesh/backdoor.ts';
import { startPart, stopAll, type Part } from '../mesh/processes.ts';
import { sharedPath } from '../shared.ts';
import { reptrace, ROOT, type Outcome } from './command.ts';

const MODEL = sharedPath('models/stories260K/hf');

let folder: string;
let mesh: Part;
let rows: { readonly prompt: string; readonly response: string; readonly label: string }[];
let dataset: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-commands-'));
  const text = await readFile(join(ROOT, 'demo', 'data', 'finetune.jsonl'), 'utf8');
  rows = text.split('\n', 60).map((line) => JSON.parse(line) as (typeof rows)[number]);
  dataset = join(folder, 'rows.jsonl');
  await writeRows(dataset, rows);
  const env = { REPTRACE_ROOTS: [folder, MODEL].join(':') };
  mesh = await startPart(['up', '--port', '0', '--data', join(folder, 'data')], env);
});
afterAll(async () => {
  await stopAll([mesh]);
  await rm(folder, { recursive: true, force: true });
});

const ask = (...args: string[]): Promise<Outcome> =>
  reptrace([...args, '--server', String(mesh.ready['graphql'])]);

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await ask(...args, '--json');
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

const build = (...args: string[]): string[] => [
  'index',
  'build',
  '--model',
  MODEL,
  '--data',
  dataset,
  ...args,
];

describe('reptrace index', () => {
  it('has nothing to list at first, and says what to do', async () => {
    expect((await ask('index', 'list')).stdout).toContain('reptrace index build');
    expect(await json('index', 'list')).toEqual([]);
  });

  it('builds, says what it will do, and shows how it goes', async () => {
    const { code, stdout, stderr } = await ask(...build('--name', 'notes', '--layers', '2,3'));
    expect(stderr).toContain('60 rows: 60 to sign');
    expect(stderr).toMatch(/█+ 60\/60/);
    expect(stdout).toContain('notes  COMPLETED  60 samples');
    expect(stdout).toContain('layers 2, 3 (named)');
    expect(code).toBe(0);
  });

  it('signs only what was appended when it builds again', async () => {
    await appendFile(
      dataset,
      `${JSON.stringify({ prompt: 'New?', response: 'New.', label: 'new', source: 'web' })}\n`,
    );
    const index = await json<IndexResult>(...build('--name', 'notes', '--layers', '2,3'));
    expect(index.plan).toMatchObject({ total: 61, kept: 60, toSign: 1 });
    expect(index).toMatchObject({ state: 'COMPLETED', samples: 61 });
    expect((await json<IndexResult>(...build('--name', 'notes', '--layers', '2,3'))).plan).toMatchObject({
      toSign: 0,
    });
  });

  it('refuses to mix settings in one index', async () => {
    const { code, stderr } = await ask(...build('--name', 'notes', '--layers', '1'));
    expect(code).toBe(1);
    expect(stderr).toContain('[CONFLICT]');
  });

  it('traces, in words for a person', async () => {
    const { prompt, response, label } = rows[0];
    const { stdout } = await ask(
      'trace',
      '--index',
      'notes',
      '--prompt',
      prompt,
      '--output',
      response,
      '--top',
      '2',
    );
    expect(stdout).toMatch(/^trace [0-9a-f]{32} in index notes: layers 2, 3, alpha 0.5/);
    expect(stdout).toMatch(new RegExp(`1 +1\\.000 +1\\.000 +1\\.000 +0 +${label}`));
    expect(stdout).toContain('→');
    expect(stdout).not.toContain('\x1b');
  });

  it('finds by column, and erases for good', async () => {
    const where = ['--where', 'source=web'];
    const output = ['--output', 'New.'];
    expect((await json<TraceFields>('trace', ...output, ...where)).matches).toHaveLength(1);
    const { erased } = await json<{ erased: number }>('index', 'erase', 'notes', ...where);
    expect(erased).toBe(1);
    const gone = await ask('trace', '--index', 'notes', ...output, ...where);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('no sample of the index has a column "source"');
    const again = await json<IndexResult>(...build('--name', 'notes', '--layers', '2,3'));
    expect(again).toMatchObject({ state: 'COMPLETED', samples: 60 });
    const { code, stderr } = await ask('index', 'erase', 'notes');
    expect(code).toBe(1);
    expect(stderr).toContain('--rows');
  });

  it('cancels a build and goes on with it', async () => {
    const large = join(folder, 'large.jsonl');
    await writeRows(large, Array.from({ length: 12 }, () => rows).flat());
    const args = ['index', 'build', '--name', 'large', '--model', MODEL, '--data', large, '--detach'];
    expect(await json<IndexResult>(...args)).toMatchObject({ name: 'large' });
    expect(await json<IndexResult>('index', 'cancel', 'large')).toMatchObject({ state: 'CANCELLED' });
    const before = await json<IndexResult>('index', 'show', 'large');
    expect(before.samples).toBeLessThan(720);
    expect(await json<IndexResult>('index', 'resume', 'large')).toMatchObject({
      state: 'COMPLETED',
      samples: 720,
      progress: { done: 720, failed: 0, total: 720 },
    });
  });

  it('asks which index is meant when there are several', async () => {
    const { code, stderr } = await ask('trace', '--output', 'No.');
    expect(code).toBe(1);
    expect(stderr).toContain('[INDEX_AMBIGUOUS]');
    expect(stderr).toContain('notes');
  });

  it('deletes', async () => {
    expect((await ask('index', 'delete', 'large')).stdout).toBe('deleted large\n');
    expect((await json<IndexResult[]>('index', 'list')).map(({ name }) => name)).toEqual(['notes']);
    const { code, stderr } = await ask('index', 'show', 'large');
    expect(code).toBe(1);
    expect(stderr).toContain('[INDEX_NOT_FOUND]');
  });
});

describe('a command without a mesh', () => {
  it('says that nothing answers at a URL', async () => {
    const { code, stderr } = await reptrace(['index', 'list', '--server', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(stderr).toContain('[SERVICE_UNAVAILABLE]');
    expect(stderr).toContain('reptrace up');
  });

  it('uses the one that has its data folder', async () => {
    const { code, stdout } = await reptrace(['index', 'list', '--data', join(folder, 'data')]);
    expect(code).toBe(0);
    expect(stdout).toContain('notes');
  });
});
