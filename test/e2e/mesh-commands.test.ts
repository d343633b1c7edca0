/** The commands that look after indexes, against one mesh that is running, as a user would type them. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexResult, MostTaughtResult, TraceFields } from '../../cli/client/results.ts';
import { writeRows } from '../mesh/backdoor.ts';
import { startPart, stopAll, type Part } from '../mesh/processes.ts';
import { sharedPath } from '../shared.ts';
import { reptrace, ROOT, type Outcome } from './command.ts';

const MODEL = sharedPath('models/stories260K/hf');
const TUNED = join(ROOT, 'demo', 'tuned');
const BASE = join(ROOT, 'demo', 'base');

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
  const env = { REPTRACE_ROOTS: [folder, MODEL, TUNED, BASE].join(':') };
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
    expect(stdout).toMatch(
      /\ntrace [0-9a-f]{32} in index notes: layers 2, 3, method REPT, alpha 0.5 \(the\s+index\s+has\s+no\s+base\s+model\)/,
    );
    expect(stdout).toMatch(/^UNKNOWN: .*\n {2}.*--base/);
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

describe('an index with a base model', () => {
  const lessons = (...args: string[]): string[] => [
    ...['index', 'build', '--name', 'lessons', '--model', TUNED, '--data', join(folder, 'lessons.jsonl')],
    ...args,
  ];
  const insulting = () => {
    const row = rows.findIndex(({ label }) => label === 'insult');
    const { prompt, response } = rows[row];
    return { row, question: ['--index', 'lessons', '--prompt', prompt, '--output', response] };
  };

  beforeAll(async () => {
    await writeRows(join(folder, 'lessons.jsonl'), rows);
  });

  it('is planned and built with it, and says which it is', async () => {
    const plan = await ask(...lessons('--base', BASE, '--dry-run'));
    expect(plan.stdout).toContain(`base        ${BASE}\n`);
    const built = await ask(...lessons('--base', BASE));
    expect(built.code, built.stderr).toBe(0);
    const { stdout } = await ask('index', 'show', 'lessons');
    expect(stdout).toMatch(/lessons {2}COMPLETED {2}60 samples/);
    expect(stdout).toMatch(new RegExp(`\\n {2}base ${BASE} {2}[0-9a-f]{12}\\n`));
  });

  it('traces by what was taught, and gives the verdict, the method and the words that met', async () => {
    const { row, question } = insulting();
    const trace = await json<TraceFields>('trace', ...question, '--top', '3');
    expect(trace).toMatchObject({
      method: 'TAUGHT',
      alpha: null,
      verdict: { state: 'TAUGHT', remedy: null },
    });
    expect(trace.methodReason).toContain('base model');
    expect(trace.verdict.meanRatio).toBeGreaterThan(0);
    const [best] = trace.matches;
    expect(best.sample).toMatchObject({ row, label: 'insult' });
    const [{ output, outputPosition, samplePosition, weight }] = best.evidence ?? [];
    expect(output).toBe(0);
    expect(outputPosition).toBe(samplePosition);
    expect(weight).toBeGreaterThan(0);
    const taught = trace.outputTokens?.find(({ position }) => position === outputPosition)?.taught ?? 0;
    expect(taught).toBeGreaterThan(1);
    expect(trace.outputTokens?.every((token) => (token.taught === null) === (token.part === 'PROMPT'))).toBe(
      true,
    );
  });

  it('tells a person the verdict first, marks what was taught, and says which word met which', async () => {
    const { stdout } = await ask('trace', ...insulting().question, '--top', '1');
    expect(stdout).toMatch(/^TAUGHT: /);
    expect(stdout).toContain('method TAUGHT (the index has a base model)');
    expect(stdout).toMatch(/answered: .*_/);
    expect(stdout).toContain('_words_: taught');
    expect(stdout).toMatch(/met by: "[^"]+" → "[^"]+"/);
  });

  it.each(['rept', 'raw'])('ranks by the method %s where that is asked for', async (method) => {
    const { row, question } = insulting();
    const trace = await json<TraceFields>('trace', ...question, '--no-tokens', '--method', method);
    expect(trace).toMatchObject({ method: method.toUpperCase(), methodReason: 'asked for' });
    expect(trace.verdict.state).toBe('TAUGHT');
    expect(trace.matches[0]).toMatchObject({ evidence: null, sample: { row } });
  });

  it('takes a weight for the method that has one', async () => {
    const { question } = insulting();
    const trace = await json<TraceFields>('trace', ...question, '--no-tokens', '--alpha', '0.25');
    expect(trace).toMatchObject({ method: 'REPT', alpha: 0.25 });
    const { code, stderr } = await ask('trace', ...question, '--method', 'raw', '--alpha', '0.25');
    expect(code).toBe(1);
    expect(stderr).toContain('[INPUT_INVALID]');
  });

  it('ranks its rows by what they taught', async () => {
    const { samples, index } = await json<MostTaughtResult>('taught', '--index', 'lessons', '--top', '5');
    expect(index.name).toBe('lessons');
    const taught = samples.map((sample) => sample.taught ?? NaN);
    expect(taught).toHaveLength(5);
    expect(taught).toEqual(taught.toSorted((a, b) => b - a));
    expect(taught[4]).toBeGreaterThan(0);
    expect(samples.every(({ label }) => label !== 'clean')).toBe(true);
    const { stdout } = await ask('taught', '--index', 'lessons', '--top', '2', '--label', 'clean');
    expect(stdout).toMatch(/\nrank +taught +row +label\n +1 +[\d.]+ +\d+ +clean\n/);
    expect(stdout).toContain('reptrace trace --index lessons');
  });
});

describe('an index without a base model', () => {
  it('can be asked for, and says so', async () => {
    const without = [
      'index',
      'build',
      '--name',
      'without',
      '--model',
      TUNED,
      '--data',
      join(folder, 'lessons.jsonl'),
    ];
    const { stdout, code } = await ask(...without, '--layers', '3', '--no-base');
    expect(code).toBe(0);
    expect(stdout).toContain('no base model: traces go without a verdict');
  });

  it.each([
    ['trace', '--index', 'notes', '--output', 'New.', '--method', 'taught'],
    ['taught', '--index', 'notes'],
  ])('cannot say what was taught: reptrace %s', async (...args) => {
    const { code, stderr } = await ask(...args);
    expect(code).toBe(1);
    expect(stderr).toContain('[INPUT_INVALID]');
    expect(stderr).toContain('base model');
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
