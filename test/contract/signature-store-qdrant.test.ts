/** What signatures in Qdrant must withstand: a server that dies, comes back, wants a key, or is not there at all. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import { startQdrant, type QdrantServer } from '../servers/qdrant.ts';
import { bruteForce, failsWith, randomPoint, rowsIn, searchRows } from './signature-points.ts';

const SHAPE = { layers: [5], width: 256, taught: false };
const random = new Random(31);
let server: QdrantServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

test('a killed server is STORE_UNREACHABLE in bounded time, and all is there once it runs again', async () => {
  server = await startQdrant();
  const store = await connectQdrantStore(server.url);
  await store.create('killed', SHAPE);
  const points = Array.from({ length: 100 }, (_, row) => randomPoint(random, SHAPE, row));
  await store.upsert('killed', points.slice(0, 50));
  await server.kill();
  const began = performance.now();
  const error = await failsWith('STORE_UNREACHABLE', store.upsert('killed', points.slice(50)));
  expect(error.message).toContain(server.url);
  await failsWith('STORE_UNREACHABLE', store.ping());
  await failsWith('STORE_UNREACHABLE', rowsIn(store, 'killed'));
  expect(performance.now() - began).toBeLessThan(10_000);

  await server.restart();
  await store.upsert('killed', points.slice(50));
  expect(await rowsIn(store, 'killed')).toEqual(points.map(({ row }) => row));
  const query = points[3].vector;
  expect(await searchRows(store, 'killed', query, 10)).toEqual(bruteForce(query, points, 10));
  await store.close();
});

test('a write during a short restart is tried again and succeeds', async () => {
  server = await startQdrant();
  const store = await connectQdrantStore(server.url);
  await store.create('restarted', SHAPE);
  await server.kill();
  const restarted = server.restart();
  await store.upsert('restarted', [randomPoint(random, SHAPE, 1)]);
  await restarted;
  expect(await store.count('restarted')).toBe(1);
  await store.close();
});

test('an address that takes connections and does not answer is STORE_UNREACHABLE in time', async () => {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connecting = connectQdrantStore(`http://127.0.0.1:${address.port}`, { timeout: 300 });
  expect((await failsWith('STORE_UNREACHABLE', connecting)).message).toContain('in time');
  silent.close();
});

test('a wrong key is told without the key, a right one works', async () => {
  server = await startQdrant({ QDRANT__SERVICE__API_KEY: 'right-key' });
  const { message } = await failsWith(
    'STORE_UNREACHABLE',
    connectQdrantStore(server.url, { apiKey: 'wrong-key' }),
  );
  expect(message).not.toContain('wrong-key');
  const store = await connectQdrantStore(server.url, { apiKey: 'right-key' });
  await store.create('keyed', SHAPE);
  expect(await store.count('keyed')).toBe(0);
  await store.close();
});

test('a URL that is none, or holds a password, is refused without repeating it', async () => {
  for (const url of ['nonsense', 'ftp://127.0.0.1', 'http://user:secret@127.0.0.1:1']) {
    const { message, remedy } = await failsWith('CONFIG_INVALID', connectQdrantStore(url));
    expect(message + remedy).not.toContain('secret');
  }
  await failsWith('STORE_UNREACHABLE', connectQdrantStore('http://127.0.0.1:1'));
});

test('once a graph is built a search may be approximate and says so; an exact one still is exact', async () => {
  server = await startQdrant({ QDRANT__STORAGE__OPTIMIZERS__INDEXING_THRESHOLD_KB: '1000' });
  const store = await connectQdrantStore(server.url);
  await store.create('graph', SHAPE);
  const points = Array.from({ length: 3000 }, (_, row) => randomPoint(random, SHAPE, row));
  for (let at = 0; at < points.length; at += 500) await store.upsert('graph', points.slice(at, at + 500));
  await expect.poll(() => store.approximate('graph'), { timeout: 30_000, interval: 100 }).toBe(true);
  const query = points[11].vector;
  const best = bruteForce(query, points, 20);
  expect(await searchRows(store, 'graph', query, 20)).toEqual(best);
  const found = await searchRows(store, 'graph', query, 20, undefined, false);
  expect(found.filter((row) => best.includes(row)).length).toBeGreaterThan(10);
  await store.close();
});
