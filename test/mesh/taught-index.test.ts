/** Builds with a base model, over the in-process bus, SQLite and LanceDB: what is found out once, kept, and asked for. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../lib/bus/procedure.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { SILENT } from '../../lib/log.ts';
import { openIndex, type Manifest, type TaughtManifest } from '../../lib/mesh/index-messages.ts';
import { CENTRE_ROWS, KEPT_TOKENS, METHOD, TOKEN_DIMS } from '../../lib/taught/constants.ts';
import { lessonTotal, packLesson, unpackLesson } from '../../lib/taught/lesson.ts';
import { pooled } from '../../lib/taught/pooled.ts';
import type { IndexRecord } from '../../services/index/runs/index-record.ts';
import { IndexRecords } from '../../services/index/runs/index-records.ts';
import type { SamplePoint } from '../../services/index/stores/signature-store.ts';
import { baseOf, beginningOf, lessonOf, MODEL, openWorld, preparation, type World } from './index-world.ts';

const FAILURE = '... on IndexFailure { code message remedy }';
const BUILD = `mutation ($input: BuildIndexInput!) { buildIndex(input: $input) { ... on Index { id state } ${FAILURE} } }`;
const LOOK = `query ($id: ID!) { index(id: $id) {
  state samples manifest error { code } failures { row code reason } progress { waiting { code message } }
} }`;
const MOST = `query ($index: ID!, $top: Int, $filter: SampleFilter) { mostTaught(index: $index, top: $top, filter: $filter) {
  ... on MostTaught { index { name } samples { row taught response } } ${FAILURE}
} }`;

interface Failure {
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
}

interface Look {
  readonly state: string;
  readonly samples: number;
  readonly manifest: Manifest | null;
  readonly error: { readonly code: string } | null;
  readonly failures: readonly { readonly row: number; readonly code: string; readonly reason: string }[];
  readonly progress: { readonly waiting: { readonly code: string; readonly message: string } | null };
}

interface Most extends Failure {
  readonly index: { readonly name: string };
  readonly samples: readonly { readonly row: number; readonly taught: number; readonly response: string }[];
}

let world: World;

beforeEach(async () => {
  world = await openWorld();
});

afterEach(async () => {
  await world.close();
});

const rowsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    prompt: `question ${from + i}`,
    response: `answer ${from + i}`,
    label: (from + i) % 2 === 0 ? 'even' : 'odd',
  }));

const textOf = ({ prompt, response }: { readonly prompt: string; readonly response: string }): string =>
  `${prompt}|${response}`;
const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, i) => from + i);

const data = (count: number): Promise<string> => world.dataset('data.jsonl', rowsOf(count));

async function append(count: number, from: number): Promise<string> {
  const path = join(world.folder, 'data.jsonl');
  const lines = rowsOf(count, from).map((row) => `${JSON.stringify(row)}\n`);
  await appendFile(path, lines.join(''));
  return path;
}

async function build(dataset: string, change: Record<string, unknown> = { adapter: 'a' }) {
  const input = { name: 'demo', model: 'stand-in', dataset, layers: '2,3', ...change };
  return (await world.ask(BUILD, { input }))['buildIndex'] as Failure & { id: string; state: string };
}

async function step(name: string): Promise<void> {
  const source = `mutation { step: ${name}(index: "demo") { __typename ${FAILURE} } }`;
  expect((await world.ask(source))['step']).not.toHaveProperty('code');
}

async function look(): Promise<Look> {
  return (await world.ask(LOOK, { id: 'demo' }))['index'];
}

async function until(wanted: (index: Look) => boolean): Promise<Look> {
  for (const end = Date.now() + 20_000; ;) {
    const index = await look();
    if (wanted(index)) return index;
    if (Date.now() > end) throw new Error(`the index stays ${JSON.stringify(index)}`);
    await sleep(20);
  }
}

const ended = (state = 'COMPLETED') => until((index) => index.state === state);

async function taught(): Promise<TaughtManifest> {
  const found = (await call(world.bus, openIndex, { index: 'demo' })).manifest.taught;
  if (found === null) throw new Error('the manifest tells of no base model');
  return found;
}

async function points(id: string): Promise<SamplePoint[]> {
  const found: SamplePoint[] = [];
  for await (const page of world.store.scan(id)) found.push(...page);
  return found.sort((a, b) => a.row - b.row);
}

const centres = (id: string) => new IndexRecords(world.records, world.bus, SILENT).hiddenCentres(id);

async function most(variables: Record<string, unknown> = {}): Promise<Most> {
  return (await world.ask(MOST, { index: 'demo', ...variables }))['mostTaught'];
}

/** What every task of an index must be made with, being prepared as the first was. */
async function expectPreparedOnce(id: string): Promise<void> {
  expect(world.prepared).toHaveLength(1);
  const { centre, beginningCentre, hiddenCentres } = preparation(1, [2, 3], 0);
  for (const { taught: setup } of world.tasks) expect(setup).toMatchObject({ centre, beginningCentre });
  expect((await taught()).centre).toEqual(Array.from(centre));
  expect((await taught()).beginningCentre).toEqual(Array.from(beginningCentre));
  expect(await centres(id)).toEqual(hiddenCentres);
}

/** Its record as another version of this software wrote it. */
async function asOfMethod(id: string, method: string): Promise<void> {
  const stored = await world.records.get<IndexRecord>('indexes', id);
  if (stored?.value.taught == null) throw new Error('the index has no base model');
  const { beginningCentre, ...rest } = stored.value.taught;
  const kept = method === 'taught 1' ? rest : { ...rest, beginningCentre };
  await world.records.put('indexes', id, { ...stored.value, taught: { ...kept, method } });
}

describe('a build with a base model', () => {
  it('is prepared over evenly spaced rows, signs with what was found, and keeps every lesson', async () => {
    await world.work();
    const rows = rowsOf(300);
    const { id } = await build(await data(300));
    const { manifest } = await ended();
    expect(world.prepared[0].map(({ prompt }) => prompt)).toEqual(
      upTo(CENTRE_ROWS).map((i) => rows[Math.floor((i * 300) / CENTRE_ROWS)].prompt),
    );
    await expectPreparedOnce(id);
    const base = { digest: baseOf('stand-in').digest, path: baseOf('stand-in').path };
    for (const task of world.tasks) expect(task.taught).toMatchObject({ base, seed: 24_301 });
    expect(await taught()).toMatchObject({
      ...{ method: METHOD, base, layer: MODEL.layers, tokens: KEPT_TOKENS, dims: TOKEN_DIMS, seed: 24_301 },
      ...{ centreRows: CENTRE_ROWS, nullRatios: [-0.25, 0, 0.125] },
    });
    expect(manifest?.taught).toEqual(await taught());
    const stored = await points(id);
    expect(stored.map(({ row }) => row)).toEqual(upTo(300));
    for (const { row, taught: sum, lesson } of stored) {
      const tokens = lessonOf(textOf(rows[row]));
      expect(sum).toBeCloseTo(lessonTotal(tokens), 4);
      const bytes = packLesson(tokens, beginningOf(textOf(rows[row])));
      expect(Buffer.from(lesson?.packed ?? [])).toEqual(Buffer.from(bytes));
      for (const [i, value] of pooled(tokens).entries()) expect(lesson?.pooled[i]).toBeCloseTo(value, 2);
    }
  });

  it('says what it waits for while it is prepared, and not any longer', async () => {
    let go: () => void = () => undefined;
    await world.work({ preparing: () => new Promise((resolve) => (go = resolve)) });
    await build(await data(5));
    const waiting = await until(({ progress }) => progress.waiting !== null);
    expect(waiting.state).toBe('RUNNING');
    expect(waiting.progress.waiting).toMatchObject({
      code: 'NOT_YET',
      message: expect.stringContaining('base model') as string,
    });
    expect([waiting.manifest, (await most()).code]).toEqual([null, 'INDEX_NOT_READY']);
    go();
    expect((await ended()).progress.waiting).toBeNull();
  });

  it('without an adapter has one only if it is named, and with one none if none is wanted', async () => {
    await world.work();
    const path = await data(5);
    await build(path, {});
    expect((await ended()).manifest?.taught).toBeNull();
    expect(world.prepared).toEqual([]);
    expect(world.tasks[0].taught).toBeNull();
    await step('deleteIndex');
    const { id } = await build(path, { adapter: 'a', withoutBase: true });
    expect((await ended()).manifest?.taught).toBeNull();
    expect((await points(id)).map(({ taught: sum, lesson }) => [sum, lesson])).toEqual(
      upTo(5).map(() => [null, null]),
    );
    expect(await centres(id)).toBeNull();
    await step('deleteIndex');
    await build(path, { base: 'before' });
    expect((await ended()).manifest?.taught?.base.path).toBe('/models/before');
    expect((await build(path, { base: 'before', withoutBase: true })).code).toBe('INPUT_INVALID');
  });

  it('passes over a row without a lesson that can be read, by name, and tries it again later', async () => {
    let mended = false;
    const bad: Record<number, Uint8Array | null> = { 3: null, 5: new Uint8Array(7) };
    await world.work({
      sign: ({ row }, layers) => {
        if (mended || !(row in bad)) return undefined;
        const vectors = layers.map((layer) => {
          return { layer, hidden: new Float32Array(8).fill(1), gradient: new Float32Array(8).fill(1) };
        });
        return { row, layers: vectors, loss: 1, truncated: false, lesson: bad[row] };
      },
    });
    const { id } = await build(await data(10));
    const { failures } = await ended();
    expect(failures.map(({ row, code }) => [row, code])).toEqual([
      [3, 'SHAPE_MISMATCH'],
      [5, 'SHAPE_MISMATCH'],
    ]);
    expect(failures[1].reason).toContain('a lesson of 7 bytes');
    mended = true;
    await build(join(world.folder, 'data.jsonl'));
    await until(({ state, samples }) => state === 'COMPLETED' && samples === 10);
    expect((await points(id)).map(({ row }) => row)).toEqual(upTo(10));
    await expectPreparedOnce(id);
  });

  it('fails with the reason why it cannot be prepared, and may begin otherwise then', async () => {
    let refuse = true;
    await world.work({
      preparing: () => {
        if (refuse) throw new ReptraceError('OUT_OF_MEMORY', 'two models are too many', 'Take one.');
      },
    });
    const path = await data(20);
    const first = await build(path);
    expect((await ended('FAILED')).error).toEqual({ code: 'OUT_OF_MEMORY' });
    const erase =
      'mutation { eraseSamples(index: "demo", filter: { rows: [1] }) { ... on ErasedSamples { erased } } }';
    expect((await world.ask(erase))['eraseSamples']).toEqual({ erased: 0 });
    const second = await build(path, { adapter: 'a', withoutBase: true, layers: '4' });
    expect(second.id).toBe(first.id);
    expect((await ended()).manifest).toMatchObject({ layers: { layers: [4] }, taught: null });
    refuse = false;
    expect((await build(path)).code).toBe('CONFLICT');
  });
});

describe('what an index was prepared with holds', () => {
  it('when its build is cancelled and resumed, then for rows that are appended, then after an erasing', async () => {
    await world.work({ concurrency: 1, before: () => sleep(20) });
    const { id } = await build(await data(1000));
    await until(({ samples }) => samples > 0);
    await step('cancelIndex');
    await step('resumeIndex');
    await ended();
    expect((await build(await append(50, 1000))).id).toBe(id);
    await ended();
    const filter = '{ labels: ["odd"] }';
    await world.ask(`mutation { eraseSamples(index: "demo", filter: ${filter}) { __typename } }`);
    await build(await append(1, 1050));
    await ended();
    expect((await points(id)).map(({ row }) => row)).toEqual(upTo(1051).filter((row) => row % 2 === 0));
    await expectPreparedOnce(id);
  });

  it('when its service is gone in the middle of the build', async () => {
    await world.work({ before: () => sleep(30) });
    const { id } = await build(await data(1000));
    await until(({ samples }) => samples > 0);
    await world.service.close();
    await world.restart();
    await ended();
    expect((await points(id)).map(({ row }) => row)).toEqual(upTo(1000));
    await expectPreparedOnce(id);
  });

  it('and is what the run found that has the index, where one before was killed while it was prepared', async () => {
    const answers: (() => void)[] = [];
    await world.work({ preparing: () => new Promise((resolve) => answers.push(resolve)) });
    const { id } = await build(await data(100));
    await until(() => answers.length === 1);
    const abandoned = world.service;
    const stored = await world.records.get<IndexRecord>('indexes', id);
    const owner = { host: 'gone', pid: 1, started: 1, service: 'gone' };
    const lease = { owner, until: Date.now() - 1 };
    await world.records.put('indexes', id, {
      ...stored?.value,
      life: { state: 'RUNNING', lease, waiting: null },
    });
    await world.restart();
    await until(() => answers.length === 2);
    answers[1]();
    await ended();
    // The old run is told at last, and must not spoil what the new one has kept.
    answers[0]();
    await sleep(100);
    const { centre, hiddenCentres } = preparation(2, [2, 3], 0);
    expect((await taught()).centre).toEqual(Array.from(centre));
    expect(await centres(id)).toEqual(hiddenCentres);
    for (const task of world.tasks) expect(task.taught?.centre).toEqual(centre);
    await abandoned.close();
  });

  it('until it is deleted, with its centres', async () => {
    await world.work();
    const { id } = await build(await data(5));
    await ended();
    expect(await world.records.get('index-centres', id)).toBeDefined();
    await step('deleteIndex');
    expect(await world.records.get('index-centres', id)).toBeUndefined();
  });
});

describe('an index that is there', () => {
  it('of the method taught 1 is added to by that method, and not prepared again', async () => {
    await world.work();
    const { id } = await build(await data(20));
    await ended();
    await asOfMethod(id, 'taught 1');
    const before = await taught();
    world.tasks.length = 0;
    expect((await build(await append(10, 20))).id).toBe(id);
    await until(({ state, samples }) => state === 'COMPLETED' && samples === 30);
    expect(world.prepared).toHaveLength(1);
    const { seed, centre } = preparation(1, [2, 3], 0);
    expect(world.tasks.length).toBeGreaterThan(0);
    for (const task of world.tasks) expect(task.taught).toEqual({ base: before.base, seed, centre });
    expect(await taught()).toEqual(before);
    const rows = rowsOf(30);
    for (const { row, lesson } of (await points(id)).slice(20)) {
      expect(unpackLesson(lesson?.packed ?? new Uint8Array(1)).beginning).toBeNull();
      expect(Buffer.from(lesson?.packed ?? [])).toEqual(Buffer.from(packLesson(lessonOf(textOf(rows[row])))));
    }
  });

  it('of a method that this version does not know is not added to', async () => {
    await world.work();
    const { id } = await build(await data(5));
    await ended();
    await asOfMethod(id, 'taught 9');
    expect(await build(await append(1, 5))).toMatchObject({
      code: 'CONFLICT',
      message: `the index "demo" was built with the method "taught 9", now "${METHOD}"`,
    });
  });

  it('is not gone on with under another base model, with one or without one, and says what it has', async () => {
    await world.work();
    const path = await data(5);
    await build(path);
    await ended();
    const refused = async (change: Record<string, unknown>) => {
      const { code, message } = await build(path, { adapter: 'a', ...change });
      return `${code}: ${message}`;
    };
    const built = 'CONFLICT: the index "demo" was built with';
    expect(await refused({ base: 'other' })).toBe(`${built} another base model (/models/stand-in)`);
    expect(await refused({ withoutBase: true })).toBe(
      `${built} the base model /models/stand-in (base, on the command line --base)`,
    );
    expect((await build(path, { adapter: 'a', base: 'stand-in' })).state).toBe('COMPLETED');
    await step('deleteIndex');
    await build(path, {});
    await ended();
    expect(await refused({})).toBe(`${built} no base model (withoutBase, on the command line --no-base)`);
    expect((await build(path, { adapter: 'a', withoutBase: true })).state).toBe('COMPLETED');
  });
});

describe('Query.mostTaught', () => {
  it('gives the samples that taught the most, in order, ties by row, also filtered', async () => {
    await world.work();
    const rows = rowsOf(200);
    await build(await data(200));
    await ended();
    const wanted = (keep: (row: number) => boolean, top: number) =>
      rows
        .map((row, i) => ({ row: i, sum: Math.fround(lessonTotal(lessonOf(textOf(row)))) }))
        .filter(({ row }) => keep(row))
        .sort((a, b) => b.sum - a.sum || a.row - b.row)
        .slice(0, top);
    const found = async (variables: Record<string, unknown>) => {
      const { index, samples } = await most(variables);
      expect(index.name).toBe('demo');
      for (const { row, response } of samples) expect(response).toBe(rows[row].response);
      return samples.map(({ row, taught: sum }) => ({ row, sum: Math.fround(sum) }));
    };
    expect(await found({})).toEqual(wanted(() => true, 20));
    // Beyond these some taught nothing at all.
    expect(await found({ top: 1000 })).toEqual(wanted(() => true, 200));
    expect(await found({ top: 7, filter: { label: 'odd' } })).toEqual(wanted((row) => row % 2 === 1, 7));
    expect(await found({ filter: { rows: [] } })).toEqual([]);
  });

  it('is refused for an index without a base model, with a remedy, and for what cannot be asked', async () => {
    await world.work();
    const path = await data(20);
    await build(path, { name: 'plain' });
    await build(path);
    await ended();
    const plain = await most({ index: 'plain' });
    expect(plain).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('without a base model') as string,
      remedy: expect.stringContaining('reptrace index build --base DIR') as string,
    });
    expect((await most({ index: 'none' })).code).toBe('INDEX_NOT_FOUND');
    for (const top of [0, -1, 1001]) expect((await most({ top })).code).toBe('INPUT_INVALID');
    expect(await most({ filter: { label: 'strange' } })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('"strange"') as string,
    });
  });
});
