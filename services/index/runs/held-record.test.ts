import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import { SILENT } from '../../../lib/log.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { HeldRecord } from './held-record.ts';
import type { IndexRecord } from './index-record.ts';
import { IndexRecords } from './index-records.ts';
import { newLease, newOwner } from './lease.ts';
import { cancelled, completed, running } from './life.ts';

let folder: string;
let bus: MemoryBus;
let store: Records;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-held-record-'));
  bus = new MemoryBus();
  store = await openSqliteRecords(join(folder, 'records.sqlite'));
});

afterEach(async () => {
  await store.close();
  await bus.close();
  await rm(folder, { recursive: true });
});

const owner = newOwner();
const id = '11111111-0000-4000-8000-000000000000';
/** Its cursor is ahead of the clock, as after two writes within a millisecond. */
const record = {
  ...{ id, attempt: 1, cursor: Date.now() + 1e9 },
  life: { state: 'RUNNING', lease: newLease(owner), waiting: null },
} as IndexRecord;

async function hold(records: IndexRecords): Promise<HeldRecord> {
  return new HeldRecord(records, owner, {
    value: record,
    revision: await store.put('indexes', id, record, 'absent'),
  });
}

it('is lost to whoever cancels in the very millisecond of a write', async () => {
  const records = new IndexRecords(store, bus, SILENT);
  const held = await hold(records);
  await records.change(id, ({ life }) => ({ life: cancelled(life) }));
  await expect(held.write(({ life }) => ({ life: running(life, newLease(owner)) }))).rejects.toMatchObject({
    kind: 'lost',
  });
  expect((await records.get(id))?.value.life.state).toBe('CANCELLED');
});

it('has written what it finds written, though it was told otherwise', async () => {
  let lose = true;
  const losing = new Proxy(store, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (key !== 'put')
        return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
      return async (...args: Parameters<Records['put']>) => {
        const revision = await target.put(...args);
        if (!lose) return revision;
        lose = false;
        throw new ReptraceError('CONFLICT', 'it was sent twice, and the first got through', 'Look again.');
      };
    },
  });
  const records = new IndexRecords(losing, bus, SILENT);
  const held = await hold(records);
  await held.write(({ life }) => ({ life: completed(life) }));
  expect(held.current.life.state).toBe('COMPLETED');
  expect((await records.get(id))?.value).toEqual(held.current);
});
