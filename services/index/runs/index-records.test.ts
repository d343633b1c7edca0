import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import type { IndexRecord } from './index-record.ts';
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
