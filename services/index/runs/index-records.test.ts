import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { centresDigest } from './hidden-centres.ts';
import type { IndexRecord, TaughtRecord } from './index-record.ts';
import { IndexRecords } from './index-records.ts';

let folder: string;
let bus: MemoryBus;
let store: Records;
let records: IndexRecords;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-index-records-'));
  bus = new MemoryBus();
  store = await openSqliteRecords(join(folder, 'records.sqlite'));
  records = new IndexRecords(store, bus, SILENT);
});

afterEach(async () => {
  await store.close();
  await bus.close();
  await rm(folder, { recursive: true });
});

/** Only what giving a name looks at. */
const index = (digit: string) =>
  ({ id: `${digit.repeat(8)}-0000-4000-8000-000000000000`, name: 'demo' }) as IndexRecord;
const first = index('1');
const second = index('2');

it('a name belongs to one index, also when another looks at it while the first is being made', async () => {
  let seen: Awaited<ReturnType<IndexRecords['named']>> | undefined;
  const watched = new Proxy(store, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (key !== 'put')
        return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
      return async (...args: Parameters<Records['put']>) => {
        // Between the two writes of a creation.
        if (args[0] === 'indexes') seen = await records.named('demo');
        return target.put(...args);
      };
    },
  });
  const revision = await new IndexRecords(watched, bus, SILENT).create(first, 'absent');
  expect((await records.get(first.id))?.revision).toBe(revision);
  const { revision: free = 'absent', index: nothing } = seen ?? {};
  expect([typeof free, nothing]).toEqual(['number', undefined]);
  await expect(records.create(second, free)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect((await records.all()).map(({ id }) => id)).toEqual([first.id]);
  expect((await records.find('demo')).value.id).toBe(first.id);
});

describe('hidden centres', () => {
  const centres = [Float32Array.of(1, -2.5, 1e-30), Float32Array.of(0, 3, 4)];
  const taught = { hiddenCentres: centresDigest(centres) } as TaughtRecord;
  const held = () => Promise.resolve();

  it('come back to the last bit, once the record tells of them, and go with their index', async () => {
    const revision = await records.create(first, 'absent');
    await records.putHiddenCentres(first.id, centres, held);
    expect(await records.hiddenCentres(first.id)).toBeNull();
    await records.replace({ ...first, taught }, revision);
    expect(await records.hiddenCentres(first.id)).toEqual(centres);
    await records.remove(first);
    expect(await records.hiddenCentres(first.id)).toBeNull();
    expect(await store.get('index-centres', first.id)).toBeUndefined();
  });

  it('that are not those the index was built with are refused', async () => {
    await records.create({ ...first, taught }, 'absent');
    await expect(records.hiddenCentres(first.id)).rejects.toMatchObject({ code: 'INTERNAL' });
    await records.putHiddenCentres(first.id, [centres[0]], held);
    await expect(records.hiddenCentres(first.id)).rejects.toMatchObject({ code: 'INTERNAL' });
    await store.put('index-centres', first.id, { layers: ['AAA='] });
    await expect(records.hiddenCentres(first.id)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('are not written over by a run that has lost its index to another, however late it comes', async () => {
    await records.create({ ...first, taught }, 'absent');
    let calls = 0;
    const late = records.putHiddenCentres(first.id, [centres[1]], async () => {
      // Looked at while it was its own; the other run writes before it does.
      if (calls++ > 0) throw new Error('lost');
      await records.putHiddenCentres(first.id, centres, held);
    });
    await expect(late).rejects.toThrow('lost');
    expect(await records.hiddenCentres(first.id)).toEqual(centres);
  });
});

it('a record of a version without base models is one of an index that has none', async () => {
  await records.create(first, 'absent');
  const found = await records.find('demo');
  expect(found.value).toMatchObject({ base: null, taught: null });
  expect((await records.all())[0]).toMatchObject({ base: null, taught: null });
  expect(await records.hiddenCentres(first.id)).toBeNull();
});
