/** Plans of builds, asked of a whole mesh with stories260K: right in their numbers, refused as builds are, and without a trace. */
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BUILD_INDEX, CANCEL_INDEX, INDEX, PLAN_INDEX } from '../../cli/client/documents.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import type { FailureResult, IndexResult, PlanResult } from '../../cli/client/results.ts';
import { startMesh, type Mesh } from '../../cli/mesh/start-mesh.ts';
import { SILENT } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { start } from '../e2e/command.ts';
import { STORIES, withEngine } from './compute-parts.ts';

const COUNT = 240;
const MAX_TOKENS = 96;
/** Neither can be read; the second is longer in its prompt than MAX_TOKENS. */
const BAD_ROWS = [17, 101];
const LONG_ROW = 60;

type Answer<T> = (T & { readonly __typename: string }) | (FailureResult & { readonly __typename: string });

/** What the engine by itself has on the GPU, and how it renders the good rows. */
let engine: { readonly bytes: number; readonly tokens: readonly number[]; readonly truncated: number };
let folder: string;
let dataset: string;
let mesh: Mesh | undefined;
let client: GraphqlClient;

const rows = Array.from({ length: COUNT }, (_, i) => ({
  prompt:
    i === LONG_ROW ? 'Once upon a time there was a very long prompt. '.repeat(40) : `Tell me about ${i}.`,
  response: 'Lily and Tom went to the park. '.repeat(1 + (i % 12)),
}));
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const line = (i: number): string => (BAD_ROWS.includes(i) ? '{"prompt": 3' : JSON.stringify(rows[i]));

beforeAll(async () => {
  engine = await withEngine((model, render) => {
    const good = rows.filter((_, i) => !BAD_ROWS.includes(i) && i !== LONG_ROW);
    const rendered = good.map(({ prompt, response }) => render(prompt, response, MAX_TOKENS));
    return Promise.resolve({
      bytes: model.weights.bytes,
      tokens: rendered.map(({ inputIds }) => inputIds.length),
      truncated: rendered.filter(({ truncated }) => truncated).length,
    });
  });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-plan-'));
  dataset = join(folder, 'rows.jsonl');
  await writeFile(dataset, `${rows.map((_, i) => line(i)).join('\n')}\n`);
});

afterEach(async () => {
  await mesh?.close();
  mesh = undefined;
  await rm(folder, { recursive: true });
});

async function open(gpuMemory?: number): Promise<void> {
  const settings = {
    ...readSettings({}, { data: join(folder, 'data') }),
    roots: [folder, STORIES],
    gpuMemory,
  };
  mesh = await startMesh(settings, SILENT, { host: '127.0.0.1', port: 0 });
  client = new GraphqlClient({ url: mesh.graphql });
}

function input(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: 'demo', model: STORIES, dataset, layers: '3', maxTokens: MAX_TOKENS, ...change };
}

async function ask<T>(document: string, field: string, change?: Record<string, unknown>): Promise<Answer<T>> {
  const answer = await client.ask<Record<string, Answer<T>>>(document, { input: input(change) });
  return answer[field];
}

const build = (change?: Record<string, unknown>) => ask<IndexResult>(BUILD_INDEX, 'buildIndex', change);

async function plan(change?: Record<string, unknown>): Promise<PlanResult> {
  const answer = await ask<PlanResult>(PLAN_INDEX, 'planIndex', change);
  if ('remedy' in answer) throw new Error(`the plan is refused: ${JSON.stringify(answer)}`);
  return answer;
}

async function look(): Promise<IndexResult> {
  return (await client.ask<{ index: IndexResult }>(INDEX, { index: 'demo' })).index;
}

async function ended(): Promise<IndexResult> {
  for (;;) {
    const index = await look();
    if (!['QUEUED', 'RUNNING'].includes(index.state)) return index;
    await sleep(50);
  }
}

/** Every file of the data folder, with its content. */
async function snapshot(): Promise<readonly string[]> {
  const entries = await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digest = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  return Promise.all(files.sort().map(async (path) => `${path} ${await digest(path)}`));
}

describe('a plan of a new index', () => {
  it('tells rows, tokens, weights, work and store as they are, and leaves no trace', async () => {
    await open();
    const before = await snapshot();
    const given = await plan();
    expect(await snapshot()).toEqual(before);
    const total = engine.tokens.reduce((sum, tokens) => sum + tokens, 0);
    expect(given).toMatchObject({
      action: 'CREATE',
      summary: '240 rows: 238 to sign, 2 cannot be read',
      ...{ rows: COUNT, rowsExact: true, sourceRows: COUNT, unreadable: 2, kept: 0, toSign: COUNT - 2 },
      layers: { layers: [3], decided: true },
      tokens: { sampled: COUNT - 3, total, p95: MAX_TOKENS, max: MAX_TOKENS },
      memory: { weights: engine.bytes, weightsAtOnce: engine.bytes, available: null, mode: 'RESIDENT' },
    });
    expect(given.tokens.mean).toBeCloseTo(total / (COUNT - 3), 6);
    expect(engine.truncated).toBeGreaterThan(0);
    expect(given.tokens.truncatedShare).toBeCloseTo(engine.truncated / (COUNT - 3), 6);
    expect(given.refusedShare).toBeCloseTo(1 / (COUNT - 2), 6);
    expect(given.failures.map(({ row, line: at, code }) => [row, at, code])).toEqual([
      [17, 18, 'DATASET_INVALID'],
      [LONG_ROW, null, 'INPUT_INVALID'],
      [101, 102, 'DATASET_INVALID'],
    ]);
    expect(given.seconds.speedOf).toBe('TRIAL');
    expect(given.seconds.low).toBeGreaterThan(0);
    expect(given.seconds.high).toBeGreaterThan(given.seconds.low);
    // Two vectors of 64 floats and their texts each, beside what small writes take.
    expect(given.storeBytes).toBeGreaterThan(237 * 4 * 128);
    expect(given.storeBytes).toBeLessThan(2.5e6);
    expect(await client.ask('{ indexes { id } }')).toEqual({ indexes: [] });
  });

  it('for `auto` is for the lowest layer that may be chosen, and more work than for a named one above it', async () => {
    await open();
    const automatic = await plan({ layers: 'auto' });
    expect(automatic.layers).toEqual({ layers: [3, 4], decided: false });
    expect(automatic.flops).toBeGreaterThan((await plan({ layers: '3' })).flops);
    expect((await plan({ layers: '3' })).flops).toBeGreaterThan((await plan({ layers: '4' })).flops);
    expect((await plan({ layers: '3,4' })).storeBytes).toBeGreaterThan((await plan()).storeBytes);
  });

  it('says that a model is streamed where little of the GPU may be used, and how much of it is there then', async () => {
    await open(12_000_000);
    const { memory } = await plan();
    expect(memory).toMatchObject({ weights: engine.bytes, available: 12_000_000, mode: 'STREAMED' });
    expect(memory.weightsAtOnce).toBeLessThan(memory.weights);
    expect(memory.weightsAtOnce + memory.activations).toBeLessThanOrEqual(12_000_000);
  });

  it('is refused, as the build is, where so little may be used that not even streaming helps', async () => {
    await open(100_000);
    const refused = await ask(PLAN_INDEX, 'planIndex');
    expect(refused).toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(await build()).toEqual(refused);
  });
});

describe('a plan with a base model', () => {
  /** stories260K with one weight changed. */
  async function anotherModel(): Promise<string> {
    const base = join(folder, 'base');
    await cp(STORIES, base, { recursive: true });
    const path = join(base, 'model.safetensors');
    const bytes = await readFile(path);
    bytes[bytes.length - 4] ^= 1;
    await writeFile(path, bytes);
    return base;
  }

  it('counts both models and the lessons, and is refused as the build is', async () => {
    await open();
    const base = await anotherModel();
    const without = await plan();
    const given = await plan({ base });
    expect(given.toSign).toBe(without.toSign);
    expect(given.memory.weights).toBe(2 * without.memory.weights);
    expect(given.flops).toBeGreaterThan(1.2 * without.flops);
    const refusals = [
      { code: 'MODEL_NOT_FOUND', base: folder },
      { code: 'PATH_NOT_ALLOWED', base: '/etc' },
      { code: 'INPUT_INVALID', base: STORIES },
      { code: 'INPUT_INVALID', base, withoutBase: true },
    ];
    for (const { code, ...change } of refusals) {
      const refused = await ask(PLAN_INDEX, 'planIndex', change);
      expect(refused).toMatchObject({ code });
      expect(await build(change)).toEqual(refused);
    }
    // At least a pooled vector of 128 floats for each row.
    expect(given.storeBytes - without.storeBytes).toBeGreaterThan(without.toSign * 512);
  });

  it('for an index that was built with another, or with none, is refused as the build is', async () => {
    await open();
    const base = await anotherModel();
    await writeFile(dataset, upTo(12).map(line).join('\n'));
    await build({ base });
    expect((await ended()).state).toBe('COMPLETED');
    expect(await plan({ base })).toMatchObject({ action: 'NOTHING', toSign: 0 });
    const refused = await ask(PLAN_INDEX, 'planIndex');
    expect(refused).toMatchObject({ code: 'CONFLICT' });
    expect(await build()).toEqual(refused);
  });
});

describe('a plan where a build would be refused', () => {
  it('is refused with the same words', async () => {
    await open();
    await build();
    await ended();
    const empty = join(folder, 'empty.jsonl');
    await writeFile(empty, '');
    const refusals: Record<string, Record<string, unknown>> = {
      CONFLICT: { maxTokens: 64 },
      LAYER_NOT_FOUND: { name: 'other', layers: '99' },
      DATASET_NOT_FOUND: { name: 'other', dataset: join(folder, 'none.jsonl') },
      PATH_NOT_ALLOWED: { name: 'other', dataset: '/etc/passwd' },
      MODEL_NOT_FOUND: { name: 'other', model: folder },
      INPUT_INVALID: { name: 'other', maxTokens: 1 },
      DATASET_INVALID: { name: 'other', onBadRow: 'STOP' },
    };
    const before = await snapshot();
    const planned = new Map<string, unknown>();
    for (const [code, change] of Object.entries(refusals))
      planned.set(code, await ask(PLAN_INDEX, 'planIndex', change));
    expect(await snapshot()).toEqual(before);
    for (const [code, change] of Object.entries(refusals)) {
      expect(planned.get(code)).toEqual(await build(change));
      expect(planned.get(code)).toMatchObject({ code });
    }
    expect(await ask(PLAN_INDEX, 'planIndex', { dataset: empty })).toMatchObject({ code: 'DATASET_INVALID' });
    expect(await ask(PLAN_INDEX, 'planIndex', { onBadRow: 'STOP' })).toEqual(
      await build({ onBadRow: 'STOP' }),
    );
  });
});

describe('a plan for an index that is there', () => {
  it('tells that nothing is to do, then how many rows are added, at the speed of the last batches', async () => {
    await open();
    await build();
    await ended();
    const before = await snapshot();
    expect(await plan()).toMatchObject({
      action: 'NOTHING',
      ...{ rows: COUNT, kept: COUNT - 3, toSign: 0, flops: 0, storeBytes: 0 },
      seconds: { low: 0, high: 0 },
    });
    await appendFile(dataset, `${line(1)}\n${line(2)}\n`);
    expect(await plan()).toMatchObject({
      action: 'ADD_ROWS',
      ...{ rows: COUNT + 2, kept: COUNT - 3, toSign: 2 },
      seconds: { speedOf: 'BATCHES' },
    });
    await writeFile(dataset, line(3));
    expect(await ask(PLAN_INDEX, 'planIndex')).toMatchObject({ code: 'DATASET_CHANGED' });
    expect(await snapshot()).toEqual(before);
  });

  it('is busy while it is built, and gone on with once that was stopped', async () => {
    await open();
    const longer = Array.from({ length: 20 }, () => rows.map((_, i) => line(i)).join('\n')).join('\n');
    await writeFile(dataset, longer);
    await build();
    expect(await ask(PLAN_INDEX, 'planIndex')).toMatchObject({ code: 'INDEX_BUSY' });
    for (let index = await look(); index.samples === 0 && index.error === null; index = await look())
      await sleep(50);
    await client.ask(CANCEL_INDEX, { index: 'demo' });
    const { samples } = await ended();
    const given = await plan();
    expect(given).toMatchObject({ action: 'RESUME', rows: 20 * COUNT, kept: samples });
    expect(given.toSign).toBeLessThan(20 * COUNT - samples);
  });
});

describe('`reptrace index build --dry-run`', () => {
  const reptrace = (...args: readonly string[]) => {
    const build = ['index', 'build', '--name', 'demo', '--model', STORIES, '--dry-run', ...args];
    return start(build, '', { REPTRACE_DATA: join(folder, 'data'), REPTRACE_ROOTS: '' }).outcome;
  };

  it('prints the plan as a table, or as JSON, builds nothing and ends well', async () => {
    const table = await reptrace('--data', dataset);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^would do {4}a new index$/m);
    expect(table.stdout).toMatch(/^rows {8}240 rows: 238 to sign, 2 cannot be read$/m);
    expect(table.stdout).toMatch(/^layers {6}auto: one of 3 to 4; time is for 3$/m);
    const json = await reptrace('--data', dataset, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ action: 'CREATE', toSign: 238 });
    const list = await start(['index', 'list', '--json'], '', { REPTRACE_DATA: join(folder, 'data') })
      .outcome;
    expect(JSON.parse(list.stdout)).toEqual([]);
  });

  it('fails as a build does', async () => {
    const { code, stderr } = await reptrace('--data', join(folder, 'none.jsonl'));
    expect(code).toBe(1);
    expect(stderr).toContain('DATASET_NOT_FOUND');
  });
});
