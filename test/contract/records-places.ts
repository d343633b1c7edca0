/** Where the tests of `Records` keep their records, and how they use them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import Database from 'libsql';
import { expect } from 'vitest';
import { ReptraceError, reasonOf, type ErrorCode } from '../../lib/errors.ts';
import { connectNatsRecords } from '../../lib/records/nats-records.ts';
import type { Records } from '../../lib/records/records.ts';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { startNats } from '../servers/nats.ts';

/** Where one kind of store keeps its records for these tests. */
export interface Place {
  /** Another handle on the same records. */
  open(): Promise<Records>;
  /** Puts that text where the record's value is, as somebody else might. */
  tamper(collection: string, key: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export async function sqlitePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-records-'));
  const path = join(folder, 'made', 'when', 'opened', 'records.db');
  return {
    open: () => openSqliteRecords(path),
    tamper: (collection, key, text) => {
      const database = new Database(path);
      database
        .prepare('UPDATE records SET value = ? WHERE collection = ? AND key = ?')
        .run(text, collection, key);
      database.close();
      return Promise.resolve();
    },
    close: () => rm(folder, { recursive: true }),
  };
}

export async function natsPlace(): Promise<Place> {
  const server = await startNats();
  return {
    open: () => connectNatsRecords(server.url, { namespace: 'contract' }),
    tamper: (collection, key, text) =>
      withNats(server.url, async (connection) => {
        const bucket = await new Kvm(connection).open('contract_records');
        await bucket.put(`${collection}.${key}`, text);
      }),
    close: () => server.stop(),
  };
}

export async function withNats<T>(url: string, work: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Expects the failure, and gives its message. */
export async function failsWith(code: ErrorCode, work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'nothing failed',
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'ReptraceError', code });
  return reasonOf(error);
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Adds one, as any writer has to: from what it read, until nobody was faster. */
export async function increment(records: Records, collection: string, key: string): Promise<void> {
  for (;;) {
    const there = await records.get<number>(collection, key);
    try {
      await records.put(collection, key, (there?.value ?? 0) + 1, there?.revision ?? 'absent');
      return;
    } catch (error) {
      if (!(error instanceof ReptraceError && error.code === 'CONFLICT')) throw error;
    }
  }
}

/** Three megabytes, more than any message of NATS. */
export const LARGE = { text: 'Größe 😀 '.repeat(250_000), last: true };
