/** What records in NATS must withstand: a server that dies, is away or is full, and others in the same buckets. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { Objm, type ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNatsRecords } from '../../lib/records/nats-records.ts';
import { startNats } from '../servers/nats.ts';
import { LARGE, all, failsWith, withNats } from './records-places.ts';

let server: Awaited<ReturnType<typeof startNats>>;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server.stop());

function withObjects<T>(namespace: string, work: (store: ObjectStore) => Promise<T>): Promise<T> {
  return withNats(server.url, async (connection) =>
    work(await new Objm(connection).open(`${namespace}_records`)),
  );
}

/** How many messages the object bucket has: parts and descriptions. */
function objectMessages(namespace: string): Promise<number> {
  return withObjects(namespace, async (store) => (await store.status()).streamInfo.state.messages);
}

/** Makes the buckets as an operator would who allows them little. */
async function makeSmallBuckets(connection: NatsConnection, namespace: string): Promise<void> {
  const name = `${namespace}_records`;
  await new Kvm(connection).create(name, { history: 1, max_bytes: 2 ** 20, allow_direct: false });
  await new Objm(connection).create(name, { max_bytes: 4 * 2 ** 20 });
}

test('values are there after the server was killed with SIGKILL, and the same handle goes on', async () => {
  const records = await connectNatsRecords(server.url, { namespace: 'killed' });
  const small = await records.put('kill', 'small', { n: 1 });
  const large = await records.put('kill', 'large', LARGE);
  await records.put('kill', 'gone', 1);
  await records.delete('kill', 'gone');
  await server.kill();
  await server.restart();
  expect(await records.get('kill', 'small')).toEqual({ value: { n: 1 }, revision: small });
  expect(await records.get('kill', 'large')).toEqual({ value: LARGE, revision: large });
  expect(await records.get('kill', 'gone')).toBeUndefined();
  expect(await records.put('kill', 'small', { n: 2 }, small)).toBeGreaterThan(large);
  await records.close();
});

test('while the server is away every call is STORE_UNREACHABLE within seconds, and does not come true later', async () => {
  const records = await connectNatsRecords(server.url, { namespace: 'away' });
  await records.put('away', 'a', 'before');
  await server.kill();
  const start = performance.now();
  await Promise.all([
    failsWith('STORE_UNREACHABLE', records.put('away', 'a', 'lost')),
    failsWith('STORE_UNREACHABLE', records.put('away', 'large', LARGE)),
    failsWith('STORE_UNREACHABLE', records.get('away', 'a')),
    failsWith('STORE_UNREACHABLE', records.delete('away', 'a')),
    failsWith('STORE_UNREACHABLE', all(records.list('away'))),
    failsWith('STORE_UNREACHABLE', records.ping()),
  ]);
  expect(performance.now() - start).toBeLessThan(15_000);
  await failsWith('STORE_UNREACHABLE', connectNatsRecords(server.url, { namespace: 'away' }));
  await server.restart();
  await records.ping();
  expect((await records.get('away', 'a'))?.value).toBe('before');
  expect(await records.get('away', 'large')).toBeUndefined();
  await records.close();
});

test('a server that refuses or is not there is STORE_UNREACHABLE, without the credentials', async () => {
  const url = server.url.replace(/:\d+$/, ':1').replace('nats://', 'nats://somebody:s3cret@');
  const message = await failsWith('STORE_UNREACHABLE', connectNatsRecords(url));
  expect(message).toContain('127.0.0.1:1');
  expect(message).not.toMatch(/somebody|s3cret/);
});

test('a namespace that is no word is INPUT_INVALID, and namespaces do not see each other', async () => {
  await failsWith('INPUT_INVALID', connectNatsRecords(server.url, { namespace: 'a.b' }));
  const [one, other] = await Promise.all([
    connectNatsRecords(server.url, { namespace: 'one' }),
    connectNatsRecords(server.url, { namespace: 'other' }),
  ]);
  await one.put('same', 'key', 1);
  expect(await other.get('same', 'key')).toBeUndefined();
  await Promise.all([one.close(), other.close()]);
});

test('of large values only the last is kept, and nothing of it once it is deleted or small', async () => {
  const records = await connectNatsRecords(server.url, { namespace: 'kept' });
  const first = await records.put('kept', 'k', LARGE);
  const messages = await objectMessages('kept');
  const second = await records.put('kept', 'k', LARGE);
  await failsWith('CONFLICT', records.put('kept', 'k', LARGE, first));
  await Promise.allSettled([
    records.put('kept', 'k', LARGE, second),
    records.put('kept', 'k', LARGE, second),
  ]);
  expect(await objectMessages('kept')).toBe(messages);
  await records.put('kept', 'k', 'small');
  expect(await objectMessages('kept')).toBe(0);
  await records.put('kept', 'k', LARGE);
  await records.delete('kept', 'k');
  expect(await objectMessages('kept')).toBe(0);
  await records.close();
});

test('an entry that leads nowhere, or to another record, or to a damaged object, is INTERNAL by name', async () => {
  const records = await connectNatsRecords(server.url, { namespace: 'lead' });
  await records.put('lead', 'l', LARGE);
  const entry = await withNats(server.url, async (connection) => {
    const bucket = await new Kvm(connection).open('lead_records');
    const found = await bucket.get('lead.l');
    await bucket.put('lead.stolen', found?.string() ?? '');
    return found?.json<{ object: string }>();
  });
  expect(await failsWith('INTERNAL', records.get('lead', 'stolen'))).toContain('lead/stolen');

  await withNats(server.url, async (connection) => {
    const store = await new Objm(connection).open('lead_records');
    const info = await store.info(entry?.object ?? '');
    const manager = await jetstreamManager(connection);
    const filter = `$O.lead_records.C.${info?.nuid ?? ''}`;
    await manager.streams.purge('OBJ_lead_records', { filter });
    await jetstream(connection).publish(filter, 'other bytes');
  });
  expect(await failsWith('INTERNAL', records.get('lead', 'l'))).toContain('lead/l');

  await withObjects('lead', (store) => store.delete(entry?.object ?? ''));
  expect(await failsWith('INTERNAL', records.get('lead', 'l'))).toContain('lead/l');
  await records.put('lead', 'l', 'again');
  expect((await records.get('lead', 'l'))?.value).toBe('again');
  await records.close();
});

test('a full bucket is DISK_FULL, loses nothing, and deleting makes room', async () => {
  await withNats(server.url, (connection) => makeSmallBuckets(connection, 'full'));
  const records = await connectNatsRecords(server.url, { namespace: 'full' });
  const value = (n: number) => ({ n, text: 'x'.repeat(100_000) });
  let written = 0;
  const fill = async () => {
    for (; written < 100; written++) await records.put('full', String(written), value(written), 'absent');
  };
  await failsWith('DISK_FULL', fill());
  expect(written).toBeGreaterThan(5);
  for (let n = 0; n < written; n++) {
    expect((await records.get<{ n: number }>('full', String(n)))?.value.n).toBe(n);
  }
  const first = await records.get('full', '0');
  await failsWith('DISK_FULL', records.put('full', '1', { ...value(1), more: 'x'.repeat(150_000) }));
  await failsWith('CONFLICT', records.delete('full', '0', (first?.revision ?? 0) + 1));
  expect(await records.delete('full', '0', first?.revision)).toBe(true);
  expect(await records.get('full', '0')).toBeUndefined();
  expect(await records.put('full', '0', value(0), 'absent')).toBeGreaterThan(first?.revision ?? Infinity);
  await records.close();
});

test('a full object bucket is DISK_FULL, leaves no part behind, and replacing by something small makes room', async () => {
  await withNats(server.url, (connection) => makeSmallBuckets(connection, 'fullobjects'));
  const records = await connectNatsRecords(server.url, { namespace: 'fullobjects' });
  await records.put('full', 'first', LARGE);
  const messages = await objectMessages('fullobjects');
  await failsWith('DISK_FULL', records.put('full', 'second', LARGE));
  await failsWith('DISK_FULL', records.put('full', 'first', { ...LARGE, last: false }));
  expect((await records.get('full', 'first'))?.value).toEqual(LARGE);
  expect(await records.get('full', 'second')).toBeUndefined();
  expect(await objectMessages('fullobjects')).toBe(messages);
  await records.put('full', 'first', 'small');
  await records.put('full', 'second', LARGE);
  expect((await records.get('full', 'second'))?.value).toEqual(LARGE);
  await records.close();
});
