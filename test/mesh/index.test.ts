/** Builds, their life and their search, over the in-process bus, SQLite and LanceDB. */
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { call } from '../../lib/bus/procedure.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { openIndex, reportSigned, searchIndex } from '../../lib/mesh/index-messages.ts';
import type { Records } from '../../lib/records/records.ts';
import type { IndexRecord } from '../../services/index/runs/index-record.ts';
import type { Erasure } from '../../services/index/runs/index-records.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';
import { MODEL, openWorld, vectorsOf, type World, type WorldOptions } from './index-world.ts';

const INDEX = `id name state samples error { code message remedy } plan { total kept toSign summary }
  progress { cursor state done total failed waiting { code } } failures { row line code reason }`;
const BUILD = `mutation ($input: BuildIndexInput!) {
  buildIndex(input: $input) { __typename ... on Index { ${INDEX} } ... on IndexFailure { code message remedy } }
}`;
const STEP = (name: string) => `mutation ($index: ID!) {
  step: ${name}(index: $index) { __typename ... on Index { ${INDEX} } ... on IndexFailure { code message remedy } }
}`;
const ERASE = `mutation ($index: ID!, $filter: SampleFilter!) {
  eraseSamples(index: $index, filter: $filter) {
    ... on ErasedSamples { erased index { samples progress { done total failed } } } ... on IndexFailure { code }
  }
}`;

interface Answer {
  readonly __typename: string;
  readonly id: string;
  readonly state: string;
  readonly samples: number;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null;
  readonly plan: {
    readonly total: number;
    readonly kept: number;
    readonly toSign: number;
    readonly summary: string;
  };
  readonly progress: {
    readonly done: number;
    readonly total: number;
    readonly failed: number;
    readonly waiting: { readonly code: string } | null;
  };
  readonly failures: readonly {
    readonly row: number;
    readonly line: number | null;
    readonly code: string;
    readonly reason: string;
  }[];
}

/** Of a search by the paper's signature. */
const REPT = { method: 'REPT', lessons: null, prompted: true } as const;

let world: World;

afterEach(async () => {
  await world.close();
});

async function setUp(options?: WorldOptions): Promise<void> {
  world = await openWorld(options);
}

const rowsOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    prompt: `question ${from + i}`,
    response: 'word '.repeat(1 + ((from + i) % 40)) + String(from + i),
    label: (from + i) % 2 === 0 ? 'even' : 'odd',
    topic: `t${(from + i) % 3}`,
  }));

async function build(dataset: string, change: Record<string, unknown> = {}): Promise<Answer> {
  const input = { name: 'demo', model: 'stand-in', dataset, layers: '3', ...change };
  return (await world.ask(BUILD, { input }))['buildIndex'];
}

async function step(name: string, index = 'demo'): Promise<Answer> {
  return (await world.ask(STEP(name), { index }))['step'];
}

async function look(index = 'demo'): Promise<Answer> {
  return (await world.ask(`query ($id: ID!) { index(id: $id) { ${INDEX} } }`, { id: index }))['index'];
}

async function until(wanted: (answer: Answer) => boolean, ms = 20_000): Promise<Answer> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await look();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`the index stays ${JSON.stringify(answer)}`);
    await sleep(20);
  }
}

const ended = (state = 'COMPLETED') => until((answer) => answer.state === state);

async function storedRows(id: string): Promise<number[]> {
  const rows: number[] = [];
  for await (const page of world.store.rows(id)) rows.push(...page);
  return rows.sort((a, b) => a - b);
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The parts of the world with one of their methods looked after. */
const watched =
  <T extends object>(
    method: keyof T & string,
    instead: (real: (...args: unknown[]) => Promise<unknown>, args: unknown[]) => Promise<unknown>,
  ) =>
  (real: T): T =>
    new Proxy(real, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        const bound = (member as (...args: unknown[]) => Promise<unknown>).bind(target);
        return key === method ? (...args: unknown[]) => instead(bound, args) : bound;
      },
    });

/** What a worker tells of a task that was handed out too often. */
async function split(
  { index, rows }: { readonly index: string; readonly rows: readonly { readonly row: number }[] },
  task: string,
): Promise<void> {
  const numbers = rows.map(({ row }) => row);
  await call(world.bus, reportSigned(index), { kind: 'split', task, rows: numbers });
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    const { code, extensions } = error as { code?: string; extensions?: { code: string } };
    return extensions?.code ?? code;
  }
}

describe('a build', () => {
  it('signs every row exactly once, tells its plan at once and its progress without ever falling back', async () => {
    await setUp();
    await world.work();
    const seen: Answer['progress'][] = [];
    const heard: Promise<unknown>[] = [];
    const seeProgress = async (): Promise<void> => {
      seen.push((await look()).progress);
    };
    await world.bus.listen('progress.*', () => {
      heard.push(seeProgress());
    });
    const answer = await build(await world.dataset('data.jsonl', rowsOf(3000)), { layers: 'auto' });
    expect(answer).toMatchObject({
      __typename: 'Index',
      plan: { total: 3000, kept: 0, toSign: 3000, summary: '3000 rows: 3000 to sign' },
    });
    const done = await ended();
    expect(done).toMatchObject({
      samples: 3000,
      progress: { done: 3000, total: 3000, failed: 0 },
      failures: [],
    });
    expect(await storedRows(answer.id)).toEqual(upTo(3000));
    expect([...world.signed].sort((a, b) => a - b)).toEqual(upTo(3000));
    await sleep(50);
    await Promise.all(heard);
    const counts = seen.map(({ done: count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(3000);
    const { manifest } = await call(world.bus, openIndex, { index: null });
    expect(manifest).toMatchObject({
      model: { digest: MODEL.digest },
      layers: { layers: [3], rule: 'deep', probes: 64 },
      dataset: { rows: 3000, columns: { prompt: 'prompt', response: 'response', label: 'label' } },
    });
  });

  it('counts a row once that is reported several times, also after its end', async () => {
    await setUp();
    await world.work({ times: 3 });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(300)));
    expect((await ended()).progress).toMatchObject({ done: 300, total: 300, failed: 0 });
    const rows = [{ row: 0, layers: vectorsOf('other', [3]), loss: 1, truncated: false, lesson: null }];
    expect(await call(world.bus, reportSigned(id), { kind: 'signed', rows })).toEqual({ goOn: false });
    expect(await world.store.count(id)).toBe(300);
  });

  it('goes on when a worker throws', async () => {
    await setUp();
    await world.work({
      before: (_, delivery) => {
        if (delivery === 1) throw new Error('this worker stumbles');
      },
    });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(500)));
    await ended();
    expect(await storedRows(id)).toEqual(upTo(500));
  });

  it('halves a task that its workers die of, down to the one bad row, and passes it over', async () => {
    await setUp();
    await world.work({
      before: async (task, _, id) => {
        if (task.rows.some(({ row }) => row === 77)) await split(task, id);
      },
      sign: ({ row }) => (row === 77 ? { row, code: 'DEVICE_LOST', reason: 'never told' } : undefined),
    });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(200)));
    const done = await ended();
    expect(done.progress).toMatchObject({ done: 199, total: 200, failed: 1 });
    expect(done.failures).toMatchObject([{ row: 77, line: null }]);
    expect(await storedRows(id)).toEqual(upTo(200).filter((row) => row !== 77));
  });

  it('gives no row up for the tasks of an earlier run, or for others of its task', async () => {
    await setUp();
    const calm = rowsOf(2);
    const tries: number[][] = [];
    await world.work({
      concurrency: 1,
      before: async (task, _, id) => {
        const { index, rows } = task;
        tries.push(rows.map(({ row }) => row));
        if (tries.length > 1) return;
        const stale = id.replace(/-1-1$/, '-0-1');
        for (const { row } of rows) await split({ index, rows: [{ row }] }, stale);
        const [first, ...others] = rows;
        const layers = vectorsOf(`${first.prompt}|${first.response}`, task.layers);
        const signed = [{ row: first.row, layers, loss: 1, truncated: false, lesson: null }];
        await call(world.bus, reportSigned(index), { kind: 'signed', rows: signed });
        expect(others).toHaveLength(1);
        await split(task, id);
      },
    });
    await build(await world.dataset('data.jsonl', calm));
    expect((await ended()).progress).toMatchObject({ done: 2, total: 2, failed: 0 });
    expect(tries).toEqual([[0, 1], [1]]);
  });

  it('that fails takes no reports any more: it tells exactly what was stored', async () => {
    const records = watched<Records>('put', async (put, args) => {
      const { life } = args[2] as Partial<IndexRecord>;
      if (life?.state === 'FAILED') await sleep(300);
      return put(...args);
    });
    await setUp({ records });
    const data = await world.dataset('data.jsonl', rowsOf(5000));
    let whole = true;
    await world.work({
      concurrency: 1,
      before: async () => {
        if (whole) await truncate(data, 600_000);
        whole = false;
        await sleep(20);
      },
    });
    const { id } = await build(data);
    expect((await ended('FAILED')).error?.code).toBe('DATASET_CHANGED');
    await sleep(300);
    expect((await look()).samples).toBe(await world.store.count(id));
  });

  it('passes over a row that no answer to a search could hold, whichever part of it is large', async () => {
    await setUp({ maxPayload: 60_000 });
    await world.work();
    const rows: Record<string, unknown>[] = rowsOf(6);
    rows[1] = { ...rows[1], label: 'x'.repeat(60_000) };
    rows[2] = { ...rows[2], numbers: Array.from({ length: 7_000 }, (_, i) => i + 0.5) };
    rows[3] = { ...rows[3], response: 'x'.repeat(50_000) };
    const { id } = await build(await world.dataset('data.jsonl', rows));
    const done = await ended();
    expect(done.failures.map(({ row, code }) => [row, code])).toEqual([
      [1, 'REQUEST_TOO_LARGE'],
      [2, 'REQUEST_TOO_LARGE'],
    ]);
    const asked = {
      ...REPT,
      index: id,
      queries: [vectorsOf('x', [3])],
      alpha: 0,
      top: 6,
      filter: null,
      exact: true,
    };
    const found: number[] = [];
    for (let more = true; more;) {
      const answer = await call(world.bus, searchIndex, { ...asked, skip: found.length });
      found.push(...answer.hits.map(({ sample }) => sample.row));
      more = answer.more;
    }
    expect(found.sort()).toEqual([0, 3, 4, 5]);
  });

  it('records rows that cannot be read or signed with their reasons, and passes them over', async () => {
    await setUp();
    await world.work({
      sign: ({ row }, layers) => {
        if (row === 4) return { row, code: 'PROMPT_TOO_LONG', reason: 'the prompt is too long' };
        if (row === 6) return { row, code: 'INPUT_INVALID', reason: 'no token of the response is left' };
        const bad = layers.map((layer) => ({
          layer,
          hidden: new Float32Array(8).fill(NaN),
          gradient: new Float32Array(8),
        }));
        return row === 5 ? { row, layers: bad, loss: 1, truncated: false } : undefined;
      },
    });
    const rows: unknown[] = rowsOf(20);
    rows[2] = '{"prompt": 3';
    await build(await world.dataset('data.jsonl', rows));
    const done = await ended();
    expect(done.progress).toMatchObject({ done: 16, total: 20, failed: 4 });
    expect(done.plan.summary).toBe('20 rows: 19 to sign, 1 cannot be read');
    expect(done.failures.map(({ row, line, code }) => [row, line, code])).toEqual([
      [2, 3, 'DATASET_INVALID'],
      [4, null, 'PROMPT_TOO_LONG'],
      [5, null, 'NOT_FINITE'],
      [6, null, 'INPUT_INVALID'],
    ]);
    world.signed.length = 0;
    const again = await build(join(world.folder, 'data.jsonl'));
    expect(again).toMatchObject({
      state: 'COMPLETED',
      plan: { kept: 16, toSign: 0 },
      failures: done.failures,
    });
    expect(world.signed).toEqual([]);
  });

  it('asked to stop at a bad row signs nothing, and names the line and the reason', async () => {
    await setUp();
    await world.work();
    const rows: unknown[] = rowsOf(20);
    rows[7] = 'not json';
    const answer = await build(await world.dataset('data.jsonl', rows), { onBadRow: 'STOP' });
    expect(answer.code).toBe('DATASET_INVALID');
    expect(answer.message).toContain('line 8');
    expect(world.signed).toEqual([]);
    expect(await look()).toBeNull();
  });

  it('sends tasks again that the queue has lost', async () => {
    await setUp({ timing: { silenceMs: 200 } });
    let lose = true;
    const worker = await world.work({ before: () => sleep(lose ? 60_000 : 0, undefined, { ref: false }) });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(100)));
    await until(({ state }) => state === 'RUNNING');
    await sleep(100);
    // The worker gives its tasks back, and they are forgotten.
    lose = false;
    await worker.close();
    await (await world.bus.queue('sign')).clear(id);
    await world.work();
    await ended();
    expect(await storedRows(id)).toEqual(upTo(100));
  });

  it('that no worker can do fails with the worker’s reason', async () => {
    await setUp();
    const why = { code: 'MODEL_CHANGED', message: 'the model changed', remedy: 'Put it back.' } as const;
    await world.work({
      before: async ({ index }) => {
        await call(world.bus, reportSigned(index), { kind: 'impossible', ...why });
      },
    });
    await build(await world.dataset('data.jsonl', rowsOf(50)));
    expect((await ended('FAILED')).error).toEqual(why);
  });
});

describe('what cannot be built is refused by name', () => {
  it('names, layers, tokens, paths, datasets, and no worker', async () => {
    await setUp();
    const good = await world.dataset('data.jsonl', rowsOf(5));
    expect((await build(good)).code).toBe('SERVICE_UNAVAILABLE');
    await world.work();
    const code = async (dataset: string, change = {}) => (await build(dataset, change)).code;
    expect(await code(good, { name: '' })).toBe('INPUT_INVALID');
    expect(await code(good, { layers: '6' })).toBe('LAYER_NOT_FOUND');
    expect(await code(good, { layers: 'deep' })).toBe('INPUT_INVALID');
    expect(await code(good, { maxTokens: 1 })).toBe('INPUT_INVALID');
    expect(await code(good, { maxTokens: 129 })).toBe('INPUT_INVALID');
    expect(await code('/etc/hostname')).toBe('PATH_NOT_ALLOWED');
    expect(await code(join(world.folder, 'none.jsonl'))).toBe('DATASET_NOT_FOUND');
    expect(await code(await world.dataset('empty.jsonl', []))).toBe('DATASET_INVALID');
    expect(await code(await world.dataset('odd.jsonl', [{ a: 1 }]))).toBe('DATASET_INVALID');
    expect(await code(await world.dataset('blank.jsonl', [{ prompt: 'a', response: '' }]))).toBe(
      'DATASET_INVALID',
    );
    expect(await code(good, { columns: { prompt: 'nothing', response: 'response' } })).toBe(
      'DATASET_INVALID',
    );
    expect((await world.ask('{ indexes { id } }'))['indexes']).toEqual([]);
  });

  it('a second build of a name that is being built, also when both come at the same moment', async () => {
    await setUp();
    let hold = true;
    await world.work({
      before: async () => {
        while (hold) await sleep(10);
      },
    });
    const data = await world.dataset('data.jsonl', rowsOf(100));
    const answers = await Promise.all([build(data), build(data), build(data)]);
    expect(answers.map(({ __typename }) => __typename).sort()).toEqual([
      'Index',
      'IndexFailure',
      'IndexFailure',
    ]);
    expect(answers.filter(({ code }) => code !== undefined).map(({ code }) => code)).toEqual([
      'INDEX_BUSY',
      'INDEX_BUSY',
    ]);
    expect((await build(data)).code).toBe('INDEX_BUSY');
    expect((await step('resumeIndex')).code).toBe('INDEX_BUSY');
    expect((await world.ask(ERASE, { index: 'demo', filter: { rows: [1] } }))['eraseSamples']).toEqual({
      code: 'INDEX_BUSY',
    });
    hold = false;
    await ended();
    expect(((await world.ask('{ indexes { id } }'))['indexes'] as unknown[]).length).toBe(1);
  });
});

describe('a build that was stopped', () => {
  it('keeps what was stored when cancelled, drops its tasks, and signs only the rest when resumed', async () => {
    await setUp();
    await world.work({ concurrency: 1, before: () => sleep(40) });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(2000)));
    await until(({ progress }) => progress.done > 0);
    const stopped = await step('cancelIndex');
    expect(stopped.state).toBe('CANCELLED');
    const there = await world.store.count(id);
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(2000);
    expect((await look()).samples).toBe(there);
    await sleep(150);
    expect(await (await world.bus.queue('sign')).size(id)).toBe(0);
    expect(await world.store.count(id)).toBe(there);
    expect(await codeOf(call(world.bus, openIndex, { index: 'demo' }))).toBe('INDEX_NOT_READY');
    expect((await step('resumeIndex')).state).toBe('QUEUED');
    await ended();
    expect(await storedRows(id)).toEqual(upTo(2000));
  });

  it('goes on by itself when its service is gone, from what the store has', async () => {
    await setUp();
    let hold = false;
    await world.work({
      before: async () => {
        while (hold) await sleep(10);
        await sleep(10);
      },
      sign: ({ row }) => (row === 3 ? { row, code: 'INTERNAL', reason: 'fails the first time' } : undefined),
    });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(2000)));
    await until(({ progress }) => progress.done > 100);
    hold = true;
    await sleep(100);
    // What a killed service leaves behind: a record of a process that is gone, and tasks in the queue.
    const abandoned = world.service;
    const stored = await world.records.get<IndexRecord>('indexes', id);
    const owner = { host: 'gone', pid: 1, started: 1, service: 'gone' };
    const lease = { owner, until: Date.now() - 1 };
    const value = { ...stored?.value, life: { state: 'RUNNING', lease, waiting: null } };
    await world.records.put('indexes', id, value);
    // The old service still lives, and may take a report or two before it sees that the build is not its own any more.
    await world.restart({ silenceMs: 500 });
    hold = false;
    const done = await ended();
    expect(await storedRows(id)).toEqual(upTo(2000).filter((row) => row !== 3));
    expect(done.progress).toMatchObject({ done: 1999, total: 2000, failed: 1 });
    expect(done.failures).toMatchObject([{ row: 3, reason: 'fails the first time' }]);
    expect(world.signed.filter((row) => row === 3).length).toBe(1);
    const record = await world.records.get<IndexRecord>('indexes', id);
    expect(record?.value.attempt).toBe(2);
    await abandoned.close();
  });

  it('is handed over when its service closes, within two seconds', async () => {
    await setUp();
    await world.work({ before: () => sleep(30) });
    const data = await world.dataset('data.jsonl', rowsOf(1500));
    const { id } = await build(data);
    await until(({ progress }) => progress.done > 0);
    const begun = Date.now();
    await world.service.close();
    expect(Date.now() - begun).toBeLessThan(2000);
    const record = await world.records.get<IndexRecord>('indexes', id);
    expect(record?.value.life).toMatchObject({ state: 'RUNNING', lease: null });
    // Meanwhile the file grows, which a build that goes on would not see either.
    await appendFile(data, `${JSON.stringify(rowsOf(1, 1500)[0])}\n`);
    await world.restart();
    await ended();
    expect(await storedRows(id)).toEqual(upTo(1500));
    await expect(call(world.bus, openIndex, { index: 'demo' })).rejects.toMatchObject({
      code: 'DATASET_CHANGED',
      remedy: expect.stringContaining('1 row more') as string,
    });
  });
});

describe('a store that fails', () => {
  /** While `state.fails`, calls of `method` are refused. */
  const failing = <T extends object>(
    method: keyof T & string,
    error: ReptraceError,
    state = { fails: true },
  ) => ({
    state,
    wrap: watched<T>(method, (real, args) => (state.fails ? Promise.reject(error) : real(...args))),
  });
  const away = new ReptraceError('STORE_UNREACHABLE', 'the store is away', 'Start it.');
  const fullDisk = new ReptraceError('DISK_FULL', 'the disk is full', 'Make room.');

  it('with a full disk ends the build by name; resumed, it loses nothing', async () => {
    const { state, wrap } = failing<SignatureStore>('upsert', fullDisk);
    await setUp({ store: wrap });
    await world.work();
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(300)));
    expect((await ended('FAILED')).error).toMatchObject({ code: 'DISK_FULL', remedy: 'Make room.' });
    state.fails = false;
    await step('resumeIndex');
    await ended();
    expect(await storedRows(id)).toEqual(upTo(300));
  });

  it('with a disk too full even to record the failure tells it all the same, and records it when there is room', async () => {
    const state = { fails: false };
    const { wrap: store } = failing<SignatureStore>('upsert', fullDisk, state);
    const { wrap: records } = failing<Records>('put', fullDisk, state);
    await setUp({ store, records });
    await world.work({
      before: () => {
        state.fails = true;
      },
    });
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(300)));
    expect((await ended('FAILED')).error?.code).toBe('DISK_FULL');
    expect((await step('resumeIndex')).code).toBe('DISK_FULL');
    expect((await world.records.get<IndexRecord>('indexes', id))?.value.life.state).toBe('RUNNING');
    state.fails = false;
    await sleep(300);
    expect((await world.records.get<IndexRecord>('indexes', id))?.value.life.state).toBe('FAILED');
  });

  it('that is away is waited for, and told; the build goes on when it is back', async () => {
    const { state, wrap } = failing<SignatureStore>('upsert', away);
    await setUp({ store: wrap });
    await world.work();
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(300)));
    const waiting = await until(({ progress }) => progress.waiting !== null);
    expect(waiting).toMatchObject({
      state: 'RUNNING',
      progress: { done: 0, waiting: { code: 'STORE_UNREACHABLE' } },
    });
    state.fails = false;
    expect((await ended()).progress.waiting).toBeNull();
    expect(await storedRows(id)).toEqual(upTo(300));
  });

  it('that stays away fails the build, which can be resumed', async () => {
    const { state, wrap } = failing<SignatureStore>('upsert', away);
    await setUp({ store: wrap, timing: { patienceMs: 600, reportMs: 100 } });
    await world.work();
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(300)));
    expect((await ended('FAILED')).error?.code).toBe('STORE_UNREACHABLE');
    state.fails = false;
    await step('resumeIndex');
    await ended();
    expect(await storedRows(id)).toEqual(upTo(300));
  });
});

describe('building again', () => {
  it('does nothing when nothing is new, and signs only what was appended', async () => {
    await setUp();
    await world.work();
    const data = await world.dataset('data.jsonl', rowsOf(150));
    const { id } = await build(data);
    await ended();
    const before = await call(world.bus, openIndex, { index: 'demo' });
    const same = await build(data);
    expect(same).toMatchObject({ id, state: 'COMPLETED', plan: { kept: 150, toSign: 0 } });
    expect((await call(world.bus, openIndex, { index: 'demo' })).manifestDigest).toBe(before.manifestDigest);
    await appendFile(
      data,
      rowsOf(50, 150)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    await expect(call(world.bus, openIndex, { index: 'demo' })).rejects.toMatchObject({
      code: 'DATASET_CHANGED',
      remedy: expect.stringContaining('50 rows more') as string,
    });
    world.signed.length = 0;
    const seen: Promise<Answer>[] = [];
    await world.bus.listen(`progress.${id}`, () => {
      seen.push(look());
    });
    const more = await build(data);
    expect(more).toMatchObject({
      id,
      plan: { total: 200, kept: 150, toSign: 50, summary: '200 rows: 150 are indexed already, 50 to sign' },
      progress: { done: 150, total: 200 },
    });
    await ended();
    expect([...world.signed].sort((a, b) => a - b)).toEqual(upTo(200).slice(150));
    const counts = (await Promise.all(seen)).map(({ progress }) => progress.done);
    expect(Math.min(...counts)).toBe(150);
    expect(await storedRows(id)).toEqual(upTo(200));
    const after = await call(world.bus, openIndex, { index: 'demo' });
    expect(after.manifest.dataset.rows).toBe(200);
    expect(after.manifestDigest).not.toBe(before.manifestDigest);
  });

  it('with another file, model or setting is refused, and harms nothing', async () => {
    await setUp();
    const worker = await world.work();
    const data = await world.dataset('data.jsonl', rowsOf(50));
    await build(data);
    await ended();
    expect(await build(data, { layers: '2' })).toMatchObject({ code: 'CONFLICT' });
    expect(await build(data, { maxTokens: 64 })).toMatchObject({ code: 'CONFLICT' });
    await writeFile(
      data,
      rowsOf(50, 1)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    expect(await build(data)).toMatchObject({ code: 'DATASET_CHANGED' });
    expect(await codeOf(call(world.bus, openIndex, { index: 'demo' }))).toBe('DATASET_CHANGED');
    await world.dataset('data.jsonl', rowsOf(50));
    await worker.close();
    await world.work({ model: { ...MODEL, digest: 'b'.repeat(64) } });
    expect((await build(data)).message).toContain('another model');
    expect((await call(world.bus, openIndex, { index: 'demo' })).name).toBe('demo');
  });

  it('does not bring back what was erased', async () => {
    await setUp();
    await world.work();
    const data = await world.dataset('data.jsonl', rowsOf(60));
    const { id } = await build(data);
    await ended();
    const before = await call(world.bus, openIndex, { index: 'demo' });
    const erase = async (filter: unknown) =>
      (await world.ask(ERASE, { index: 'demo', filter }))['eraseSamples'] as unknown;
    expect(await erase({})).toEqual({ code: 'INPUT_INVALID' });
    expect(await erase({ labels: [] })).toMatchObject({ erased: 0 });
    expect(await erase({ label: 'odd', metadata: [{ key: 'topic', values: ['t0'] }] })).toMatchObject({
      erased: 10,
      index: { samples: 50, progress: { done: 50, total: 50 } },
    });
    const odd = upTo(60).filter((row) => row % 2 === 0 || row % 3 !== 0);
    expect(await storedRows(id)).toEqual(odd);
    expect((await call(world.bus, openIndex, { index: 'demo' })).manifestDigest).not.toBe(
      before.manifestDigest,
    );
    await appendFile(data, `${JSON.stringify(rowsOf(1, 60)[0])}\n`);
    expect((await build(data)).plan).toMatchObject({ kept: 50, toSign: 1 });
    await ended();
    expect(await storedRows(id)).toEqual([...odd, 60]);
  });
});

describe('erasing that was cut off', () => {
  /** Erased, and noted as such, but the process ended before the index's own record was told. */
  const cutOff = async () => {
    let fails = false;
    let noted = false;
    const away = new ReptraceError('STORE_UNREACHABLE', 'the records are away', 'Start them.');
    const records = watched<Records>('put', async (put, args) => {
      if (args[0] === 'indexes' && fails) throw away;
      const revision = await put(...args);
      if (args[0] !== 'index-erased' || noted) return revision;
      fails = noted = (args[2] as Erasure).pending === null;
      return revision;
    });
    await setUp({ records });
    await world.work();
    const data = await world.dataset('data.jsonl', rowsOf(30));
    const { id } = await build(data);
    await ended();
    const before = await call(world.bus, openIndex, { index: 'demo' });
    expect((await erase()).code).toBe('STORE_UNREACHABLE');
    expect(await world.store.count(id)).toBe(15);
    fails = false;
    const stored = await world.records.get<IndexRecord>('indexes', id);
    await world.records.put('indexes', id, { ...stored?.value, erasing: null });
    return { data, before: before.manifestDigest };
  };
  const erase = async () =>
    (await world.ask(ERASE, { index: 'demo', filter: { label: 'odd' } }))['eraseSamples'] as {
      readonly code?: string;
    };
  const told = async (before: string) => {
    expect(await look()).toMatchObject({ samples: 15, progress: { done: 15, total: 15, failed: 0 } });
    expect((await call(world.bus, openIndex, { index: 'demo' })).manifestDigest).not.toBe(before);
  };

  it('is told by the next erasing: counts are right, and no trace from before is given any more', async () => {
    const { before } = await cutOff();
    await erase();
    await told(before);
  });

  it('is told by the next build, also when there is nothing to sign', async () => {
    const { before, data } = await cutOff();
    expect(await build(data)).toMatchObject({ state: 'COMPLETED', plan: { kept: 15, toSign: 0 } });
    await told(before);
  });
});

describe('search', () => {
  it('gives the order and the scores of brute force, over two layers, at any alpha, also filtered', async () => {
    await setUp();
    await world.work();
    const rows = rowsOf(400);
    const { id } = await build(await world.dataset('data.jsonl', rows), { layers: '2,4' });
    await ended();
    const queries = [vectorsOf('one', [2, 4]), vectorsOf('two', [2, 4])];
    const cosine = (a: Float32Array, b: Float32Array) => {
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    const brute = rows.map(({ prompt, response, label }, row) => {
      const sample = vectorsOf(`${prompt}|${response}`, [2, 4]);
      let [hidden, gradient] = [0, 0];
      for (const query of queries) {
        for (const [i, layer] of query.entries()) {
          hidden += cosine(layer.hidden, sample[i].hidden) / 4;
          gradient += cosine(layer.gradient, sample[i].gradient) / 4;
        }
      }
      return { row, label, hidden, gradient };
    });
    for (const alpha of [0, 0.5, 1]) {
      for (const label of [null, 'odd']) {
        const filter = label === null ? null : { labels: [label] };
        const asked = { ...REPT, index: id, queries, alpha, top: 50, skip: 0, filter, exact: false };
        const { hits, exact, recall } = await call(world.bus, searchIndex, asked);
        const wanted = brute
          .filter((sample) => label === null || sample.label === label)
          .map((sample) => ({ ...sample, score: alpha * sample.hidden + (1 - alpha) * sample.gradient }))
          .sort((a, b) => b.score - a.score)
          .slice(0, 50);
        expect([exact, recall]).toEqual([true, 1]);
        expect(hits.map(({ sample }) => sample.row)).toEqual(wanted.map(({ row }) => row));
        for (const [i, hit] of hits.entries()) {
          expect(hit.score).toBeCloseTo(wanted[i].score, 5);
          expect(hit.hiddenScore).toBeCloseTo(wanted[i].hidden, 5);
          expect(hit.gradientScore).toBeCloseTo(wanted[i].gradient, 5);
        }
      }
    }
    const one = { ...REPT, index: id, queries, alpha: 0.5, top: 1, skip: 0, filter: null, exact: true };
    expect(await codeOf(call(world.bus, searchIndex, { ...one, top: 0 }))).toBe('INPUT_INVALID');
    expect(await codeOf(call(world.bus, searchIndex, { ...one, alpha: 2 }))).toBe('INPUT_INVALID');
    expect(await codeOf(call(world.bus, searchIndex, { ...one, queries: [vectorsOf('x', [2])] }))).toBe(
      'SHAPE_MISMATCH',
    );
    const { hits } = await call(world.bus, searchIndex, one);
    const source =
      'query ($id: ID!) { sample(id: $id) { id row prompt label metadata loss index { name } } }';
    const sample = hits[0].sample;
    expect((await world.ask(source, { id: sample.id }))['sample']).toEqual({
      id: sample.id,
      row: sample.row,
      prompt: sample.prompt,
      label: sample.label,
      metadata: sample.metadata,
      loss: 1,
      index: { name: 'demo' },
    });
  });
});

describe('the graph', () => {
  it('resolves references of other services, and gives null for unknown ones', async () => {
    await setUp();
    await world.work();
    const { id } = await build(await world.dataset('data.jsonl', rowsOf(5)));
    await ended();
    const { hits } = await call(world.bus, searchIndex, {
      ...REPT,
      index: id,
      queries: [vectorsOf('x', [3])],
      alpha: 0,
      top: 2,
      skip: 0,
      filter: { rows: [1, 3] },
      exact: true,
    });
    const none = '00000000-0000-4000-8000-000000000000';
    const representations = [
      ...hits.map(({ sample }) => ({ __typename: 'TrainingSample', id: sample.id })),
      { __typename: 'TrainingSample', id: `${id}.${none}` },
      { __typename: 'TrainingSample', id: `${none}.${none}` },
      { __typename: 'TrainingSample', id: 'nonsense' },
      { __typename: 'Index', id },
      { __typename: 'Index', id: none },
    ];
    const source = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on TrainingSample { row } ... on Index { name } }
    }`;
    const rows = hits.map(({ sample }) => ({ row: sample.row }));
    expect((await world.ask(source, { representations }))['_entities']).toEqual([
      ...rows,
      null,
      null,
      null,
      { name: 'demo' },
      null,
    ]);
  });

  it('tells progress newer than a cursor, always that of an ended build, and names an unknown index', async () => {
    await setUp();
    const source =
      'query ($index: ID!, $after: String) { indexProgress(index: $index, after: $after) { cursor state } }';
    expect(await codeOf(world.ask(source, { index: 'demo' }))).toBe('INDEX_NOT_FOUND');
    let hold = true;
    await world.work({
      before: async () => {
        while (hold) await sleep(10);
      },
    });
    await build(await world.dataset('data.jsonl', rowsOf(50)));
    const progress = async (after?: string) =>
      (await world.ask(source, { index: 'demo', after }))['indexProgress'] as {
        cursor: string;
        state: string;
      } | null;
    await until(({ state }) => state === 'RUNNING');
    await sleep(200);
    const { cursor } = (await progress()) ?? { cursor: '' };
    expect(await progress(cursor)).toBeNull();
    expect(await codeOf(progress('x'))).toBe('INPUT_INVALID');
    hold = false;
    await ended();
    const last = await progress(cursor);
    expect(Number(last?.cursor)).toBeGreaterThan(Number(cursor));
    expect(await progress(last?.cursor)).toMatchObject({ state: 'COMPLETED' });
  });

  it('deletes an index with its samples, also while it is built, and frees its name', async () => {
    await setUp();
    await world.work({ before: () => sleep(30) });
    const data = await world.dataset('data.jsonl', rowsOf(800));
    const { id } = await build(data);
    await until(({ progress }) => progress.done > 0);
    const source =
      'mutation ($index: ID!) { deleteIndex(index: $index) { ... on DeletedIndex { id name } ... on IndexFailure { code } } }';
    const remove = async () => (await world.ask(source, { index: 'demo' }))['deleteIndex'] as unknown;
    expect(await remove()).toEqual({ id, name: 'demo' });
    expect(await look()).toBeNull();
    expect(await codeOf(world.store.count(id))).toBe('INDEX_NOT_FOUND');
    expect(await remove()).toEqual({ code: 'INDEX_NOT_FOUND' });
    const again = await build(data);
    expect(again.id).not.toBe(id);
    await ended();
    expect(await storedRows(again.id)).toEqual(upTo(800));
  });

  it('has to be told which index is meant only when there are several', async () => {
    await setUp();
    await world.work();
    expect(await codeOf(call(world.bus, openIndex, { index: null }))).toBe('INDEX_NOT_FOUND');
    const data = await world.dataset('data.jsonl', rowsOf(5));
    await build(data);
    await ended();
    expect((await call(world.bus, openIndex, { index: null })).name).toBe('demo');
    const { id } = await build(data, { name: 'second' });
    for (let tries = 0; tries < 200 && (await look('second')).state !== 'COMPLETED'; tries++) await sleep(20);
    await expect(call(world.bus, openIndex, { index: null })).rejects.toMatchObject({
      code: 'INDEX_AMBIGUOUS',
      message: expect.stringContaining('"second"') as string,
    });
    expect((await call(world.bus, openIndex, { index: id })).name).toBe('second');
  });
});
