/** What every signature store promises of lessons read alone, over both of them: a LanceDB folder and a real Qdrant server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import type { SampleFilter, SignatureStore } from '../../services/index/stores/signature-store.ts';
import { startQdrant, type QdrantServer } from '../servers/qdrant.ts';
import { failsWith, idOf, randomPoint } from './signature-points.ts';

const SHAPE = { layers: [3], width: 8, taught: true };
/** More than one page, and more than one write. */
const ROWS = 2500;

let server: QdrantServer;
let folder: string;
let stores: Readonly<Record<'LanceDB' | 'Qdrant', SignatureStore>>;
const random = new Random(29);
const points = Array.from({ length: ROWS }, (_, row) => randomPoint(random, SHAPE, row));

beforeAll(async () => {
  server = await startQdrant();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-lance-'));
  stores = { LanceDB: await openLanceStore(folder), Qdrant: await connectQdrantStore(server.url) };
  for (const store of Object.values(stores)) {
    await store.create('taught', SHAPE);
    for (let at = 0; at < ROWS; at += 900) await store.upsert('taught', points.slice(at, at + 900));
  }
});

afterAll(async () => {
  await Promise.all(Object.values(stores).map((store) => store.close()));
  await rm(folder, { recursive: true });
  await server.stop();
});

/** By id, as text; throws for one that comes twice. */
async function lessonsOf(
  store: SignatureStore,
  index: string,
  filter?: SampleFilter,
): Promise<{ readonly lessons: ReadonlyMap<string, string>; readonly pages: readonly number[] }> {
  const lessons = new Map<string, string>();
  const pages: number[] = [];
  for await (const { ids, bytes, ends } of store.lessons(index, filter)) {
    expect(ends).toHaveLength(ids.length);
    expect(ends.at(-1)).toBe(bytes.length);
    pages.push(ids.length);
    for (const [i, id] of ids.entries()) {
      if (lessons.has(id)) throw new Error(`${id} came twice`);
      const lesson = bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
      lessons.set(id, Buffer.from(lesson).toString('base64'));
    }
  }
  return { lessons, pages };
}

function expected(rows: readonly number[]): ReadonlyMap<string, string> {
  return new Map(
    rows.map((row) => [idOf(row), Buffer.from(points[row].lesson?.packed ?? []).toString('base64')]),
  );
}

const all = points.map(({ row }) => row);

describe.each(['LanceDB', 'Qdrant'] as const)('%s', (name) => {
  test('gives every lesson once, byte for byte, empty ones too, in pages of bounded size', async () => {
    const { lessons, pages } = await lessonsOf(stores[name], 'taught');
    expect(lessons).toEqual(expected(all));
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.max(...pages)).toBeLessThanOrEqual(1024);
  });

  test('goes by the filter', async () => {
    const few = { rows: [5, 9, 18, 2499, 7000] };
    expect((await lessonsOf(stores[name], 'taught', few)).lessons).toEqual(expected([5, 9, 18, 2499]));
    const poisoned = points.filter(({ label }) => label === 'poisoned').map(({ row }) => row);
    expect((await lessonsOf(stores[name], 'taught', { labels: ['poisoned'] })).lessons).toEqual(
      expected(poisoned),
    );
    expect((await lessonsOf(stores[name], 'taught', { labels: [] })).lessons.size).toBe(0);
  });

  test('gives nothing of what was erased, and an empty collection as empty', async () => {
    const store = stores[name];
    await store.create('erased', SHAPE);
    expect((await lessonsOf(store, 'erased')).lessons.size).toBe(0);
    await store.upsert('erased', points.slice(0, 40));
    await store.erase('erased', { rows: [3, 4] });
    const left = all.slice(0, 40).filter((row) => row !== 3 && row !== 4);
    expect((await lessonsOf(store, 'erased')).lessons).toEqual(expected(left));
  });

  test('refuses a collection without lessons, one that is not there, and rows that cannot be', async () => {
    const store = stores[name];
    await store.create('plain', { ...SHAPE, taught: false });
    expect((await failsWith('INPUT_INVALID', lessonsOf(store, 'plain'))).remedy).toBe(
      'Build the index with a base model.',
    );
    await failsWith('INDEX_NOT_FOUND', lessonsOf(store, 'never-made'));
    await failsWith('INPUT_INVALID', lessonsOf(store, 'taught', { rows: [0.5] }));
  });
});
