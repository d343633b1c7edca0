/** What cannot be asked of taught tokens, over GraphQL and the demo's models: each is refused by name, and says what to do. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_INDEX, INDEXES, MOST_TAUGHT, PLAN_INDEX } from '../../cli/client/documents.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import type { FailureResult, IndexResult, TraceFields } from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import { startMesh, type Mesh } from '../../cli/mesh/start-mesh.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { SILENT } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { writeDeepModel } from '../deep-model.ts';
import { writeRows } from './backdoor.ts';
import { STORIES } from './compute-parts.ts';
import { BASE, DEMO, demoRows, TUNED } from './demo-rows.ts';
import { buildWhole } from './taught-questions.ts';

const ROWS = 6;
/** By the reason that is told. */
const METHODS = new Map([
  ['the index has a base model', 'TAUGHT'],
  ['no word of the output was taught, so there is none to go by', 'REPT'],
]);

let folder: string;
let dataset: string;
let mesh: Mesh;
let client: GraphqlClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-refusals-'));
  const data = join(folder, 'data');
  await mkdir(data);
  dataset = join(folder, 'rows.jsonl');
  const rows = (await demoRows()).slice(0, ROWS);
  await writeRows(
    dataset,
    rows.map(({ prompt, response }) => ({ prompt, response })),
  );
  const settings = { ...readSettings({}, { data }), roots: [folder, DEMO, STORIES] };
  mesh = await startMesh(settings, SILENT, { host: '127.0.0.1', port: 0 });
  client = new GraphqlClient({ url: mesh.graphql });
});
afterAll(async () => {
  await mesh.close();
  await rm(folder, { recursive: true, force: true });
});

const inputOf = (change: Record<string, unknown>): Record<string, unknown> => ({
  ...{ name: 'demo', model: TUNED, dataset, layers: '4' },
  ...change,
});

/** What building and planning say alike. */
async function refused(change: Record<string, unknown>): Promise<FailureResult> {
  const input = inputOf(change);
  const { buildIndex } = await client.ask<{ buildIndex: FailureResult }>(BUILD_INDEX, { input });
  const { planIndex } = await client.ask<{ planIndex: FailureResult }>(PLAN_INDEX, { input });
  expect(planIndex).toEqual({ ...buildIndex });
  expect((await client.ask<{ indexes: IndexResult[] }>(INDEXES)).indexes).toEqual([]);
  return buildIndex;
}

/** Another model with the tuned one's tokenizer. */
async function withTokenizer(name: string, make: (path: string) => Promise<unknown>): Promise<string> {
  const path = join(folder, name);
  await make(path);
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    await cp(join(TUNED, file), join(path, file));
  return path;
}

describe('a base model that is none of the tuned one', () => {
  it('reads other tokens', async () => {
    const { code, message, remedy } = await refused({ base: STORIES });
    expect(code).toBe('TOKENIZER_MISMATCH');
    expect(message).toContain('vocabular');
    expect(remedy).not.toBe('');
  });

  it('is the tuned one itself, by its name or as a copy elsewhere', async () => {
    const copy = join(folder, 'copy');
    await cp(TUNED, copy, { recursive: true });
    for (const base of [TUNED, copy]) {
      const { code, message, remedy } = await refused({ base });
      expect(code).toBe('INPUT_INVALID');
      expect(message).toContain('is the model itself');
      expect(remedy).not.toBe('');
    }
  });

  it('is a copy of the tuned one, which a plan tells before either was ever read', async () => {
    const [tuned, copy] = [join(folder, 'unread'), join(folder, 'unread-copy')];
    for (const path of [tuned, copy]) await cp(BASE, path, { recursive: true });
    const input = inputOf({ model: tuned, base: copy });
    const { planIndex } = await client.ask<{ planIndex: FailureResult }>(PLAN_INDEX, { input });
    expect(planIndex).toMatchObject({ code: 'INPUT_INVALID' });
    expect(planIndex.message).toContain('is the model itself');
  });

  it('has other layers', async () => {
    const base = await withTokenizer('deep', (path) => writeDeepModel(path, TUNED, 7));
    const { code, message } = await refused({ base });
    expect(code).toBe('SHAPE_MISMATCH');
    expect(message).toMatch(/\b7\b.*\b6\b|\b6\b.*\b7\b/);
  });

  it('is not there, or not where clients may name files', async () => {
    const missing = await refused({ base: join(folder, 'none') });
    expect(missing.code).toBe('MODEL_NOT_FOUND');
    expect(missing.message).toMatch(/^the base model cannot be used: .*none/);
    const outside = await refused({ base: '/etc' });
    expect(outside.code).toBe('PATH_NOT_ALLOWED');
    expect(outside.message).toContain('the base model');
  });

  it('is named beside withoutBase', async () => {
    expect((await refused({ base: BASE, withoutBase: true })).code).toBe('INPUT_INVALID');
  });
});

describe('an index that was built without a base model', () => {
  const question = { index: 'plain', prompt: 'What is a penguin?', output: 'A bird.', tokens: false };
  const trace = (change: Record<string, unknown> = {}): Promise<TraceFields> =>
    askTrace(client, { ...question, ...change });

  beforeAll(async () => {
    await buildWhole(client, inputOf({ name: 'plain' }));
  });

  it('refuses the method TAUGHT, naming itself, and says what to build or to ask', async () => {
    const failure = await trace({ method: 'TAUGHT' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ReptraceError);
    const { code, message, remedy } = failure as ReptraceError;
    expect(code).toBe('INPUT_INVALID');
    expect(message).toMatch(/plain has no base model/);
    expect(remedy).toMatch(/--base.*leave the method out/);
  });

  it('is traced by the paper’s score otherwise, and has no verdict, but a remedy', async () => {
    const { method, alpha, verdict, matches } = await trace();
    expect([method, matches.length]).toEqual(['REPT', ROWS]);
    expect(alpha).not.toBeNull();
    expect(verdict).toMatchObject({ state: 'UNKNOWN', meanRatio: null, peakRatio: null, pValue: null });
    expect(verdict.words).not.toBe('');
    expect(verdict.remedy).toContain('base');
    expect(matches.every(({ evidence }) => evidence === null)).toBe(true);
  });

  it('has no order of what taught the most', async () => {
    const asked = await client.ask<{ mostTaught: FailureResult }>(MOST_TAUGHT, { index: 'plain' });
    expect(asked.mostTaught.code).toBe('INPUT_INVALID');
    expect(asked.mostTaught.message).toContain('without a base model');
  });
});

describe('an output of one token', () => {
  it('is traced with a plain statement, with or without a prompt, and beside others', async () => {
    await buildWhole(client, inputOf({ base: BASE }));
    const ask = (change: Record<string, unknown>): Promise<TraceFields> =>
      askTrace(client, { index: 'demo', output: 'A', tokens: false, ...change });
    for (const change of [{ prompt: 'What is a penguin?' }, {}, { outputs: ['A', 'B'] }]) {
      const { method, methodReason, verdict, matches, questions } = await ask(change);
      expect([method, matches.length]).toEqual([METHODS.get(methodReason), ROWS]);
      expect(Number.isFinite(verdict.meanRatio)).toBe(true);
      for (const { score } of matches) expect(Number.isFinite(score)).toBe(true);
      for (const one of questions)
        expect(one.verdict.words).toMatch(/An output of 2 tokens, its end counted, is little/);
    }
  });
});
