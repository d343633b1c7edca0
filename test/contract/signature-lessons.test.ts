/** What every signature store promises of lessons, over both of them: a LanceDB folder and a real Qdrant server. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { MAX_LESSON_BYTES, TOKEN_BYTES } from '../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../lib/taught/pooled.ts';
import type {
  PointLesson,
  SampleFilter,
  SamplePoint,
  SignatureStore,
} from '../../services/index/stores/signature-store.ts';
import { withBothStores } from './both-stores.ts';
import { failsWith, idOf, legible, randomLesson, randomPoint, rowsIn, unit } from './signature-points.ts';

const SHAPE = { layers: [3, 7], width: 16, taught: true };
const WITHOUT = { ...SHAPE, taught: false };

/** With what passes them, written apart from the code under test. */
const FILTERS: readonly [SampleFilter | undefined, (point: SamplePoint) => boolean][] = [
  [undefined, () => true],
  [{ labels: ['poisoned'] }, ({ label }) => label === 'poisoned'],
  [{ withoutLabels: ['poisoned'] }, ({ label }) => label !== 'poisoned'],
  [{ metadata: [{ key: 'source', values: ['web'] }] }, ({ metadata }) => metadata['source'] === 'web'],
  [{ rows: [5, 9, 18, 27, 499, 7000] }, ({ row }) => [5, 9, 18, 27, 499].includes(row)],
  [{ labels: [] }, () => false],
];

const stores = withBothStores();
const random = new Random(23);
const points = Array.from({ length: 500 }, (_, row) => randomPoint(random, SHAPE, row));
let made = 0;
let index: string;

beforeEach(() => {
  index = `lessons-${made++}`;
});

function lessonOf(point: SamplePoint): PointLesson {
  if (point.lesson === null) throw new Error(`row ${point.row} has no lesson`);
  return point.lesson;
}

function nearestRows(query: Float32Array, among: readonly SamplePoint[], top: number): number[] {
  return among
    .map((point) => ({
      row: point.row,
      score: lessonOf(point).pooled.reduce((sum, value, i) => sum + value * query[i], 0),
    }))
    .sort((a, b) => b.score - a.score || a.row - b.row)
    .slice(0, top)
    .map(({ row }) => row);
}

function mostTaughtRows(among: readonly SamplePoint[], top: number): number[] {
  return [...among]
    .sort((a, b) => (b.taught ?? NaN) - (a.taught ?? NaN) || a.row - b.row)
    .slice(0, top)
    .map(({ row }) => row);
}

async function scanned(store: SignatureStore, of: string, filter?: SampleFilter): Promise<SamplePoint[]> {
  const all: SamplePoint[] = [];
  for await (const page of store.scan(of, filter)) all.push(...page);
  return all.sort((a, b) => a.row - b.row);
}

function rowsOf(some: readonly { readonly row: number }[]): number[] {
  return some.map(({ row }) => row);
}

function textOf({ vector: _vector, norms: _norms, lesson: _lesson, ...text }: SamplePoint): object {
  return text;
}

const STORES: readonly [string, () => SignatureStore][] = stores.each;

describe.each(STORES)('%s', (_name, of) => {
  let store: SignatureStore;
  const idsOf = (rows: readonly number[]): string[] => rows.map(idOf);

  beforeAll(async () => {
    store = of();
    await store.create('taught', SHAPE);
    await store.upsert('taught', points);
  });

  test('lessons come back byte for byte, empty ones too, by points, by search and by get', async () => {
    expect(lessonOf(points[0]).packed.length).toBe(0);
    expect(lessonOf(points[8]).packed.length).toBe(MAX_LESSON_BYTES);
    const rows = [44, 8, 0, 43, 499];
    const expected = rows.map((row) => points[row]);
    const found = await store.points('taught', [idOf(9999), ...idsOf(rows), 'no uuid']);
    expect(found).toEqual(expected);
    expect(await store.get('taught', idsOf(rows))).toEqual(expected.map(textOf));
    const [hit] = await store.search('taught', { query: points[8].vector, top: 1, exact: true });
    expect(hit.point).toEqual(points[8]);
  });

  test('nearestLessons gives the order of a brute force, with filters too', async () => {
    for (const [filter, passes] of FILTERS) {
      const passing = points.filter(passes);
      for (const top of [1, 20, 10_000]) {
        const query = unit(random, POOLED_DIMS);
        const ids = await store.nearestLessons('taught', { query, top, filter, exact: true });
        // Empty lessons all have a product of 0, wherever that is in the order.
        expect(ids).toEqual(idsOf(nearestRows(query, passing, top)));
      }
    }
    const { pooled } = lessonOf(points[100]);
    const [first] = await store.nearestLessons('taught', { query: pooled, top: 1, exact: false });
    expect(first).toBe(idOf(100));
  });

  test('mostTaught gives the order of a brute force, with filters too', async () => {
    for (const [filter, passes] of FILTERS) {
      const passing = points.filter(passes);
      for (const top of [1, 20, 1000]) {
        const found = await store.mostTaught('taught', top, filter);
        expect(rowsOf(found)).toEqual(mostTaughtRows(passing, top));
        expect(found).toEqual(found.map(({ row }) => textOf(points[row])));
      }
    }
  });

  test('samples that taught the same come by row, however many they are and wherever the border lies', async () => {
    await store.create(index, SHAPE);
    const amounts = [0, 0, 0, 0.1, 1 / 3, 1e-30, 3.4e38, 2];
    const tied = Array.from({ length: 900 }, (_, row) =>
      randomPoint(random, SHAPE, row, { taught: Math.fround(amounts[row % amounts.length]) }),
    );
    await store.upsert(index, random.shuffle(tied));
    for (const top of [1, 50, 113, 225, 300, 600, 900]) {
      expect(rowsOf(await store.mostTaught(index, top))).toEqual(mostTaughtRows(tied, top));
    }
    const labels = ['poisoned'];
    const poisoned = tied.filter(({ label }) => label === 'poisoned');
    expect(rowsOf(await store.mostTaught(index, 200, { labels }))).toEqual(mostTaughtRows(poisoned, 200));
  });

  test('a scan sees every point that passes once, whole', async () => {
    for (const [filter, passes] of FILTERS) {
      expect((await scanned(store, 'taught', filter)).map(legible)).toEqual(
        points.filter(passes).map(legible),
      );
    }
  });

  test('a scan of large points comes in pages of bounded size', async () => {
    const large = { layers: [1, 2, 3, 4], width: 2048, taught: true };
    await store.create(index, large);
    const some = Array.from({ length: 150 }, (_, row) => randomPoint(random, large, row));
    await store.upsert(index, some);
    const sizes: number[] = [];
    for await (const page of store.scan(index)) sizes.push(page.length);
    expect(Math.max(...sizes) * 4 * 2 * 4 * 2048).toBeLessThan(9e6);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(150);
    expect((await scanned(store, index)).map(legible)).toEqual(some.map(legible));
  });

  test('a lesson written again takes the place of the one before', async () => {
    await store.create(index, SHAPE);
    await store.upsert(index, points.slice(0, 30));
    const again = { ...points[12], ...randomLesson(random, 5) };
    await store.upsert(index, [again]);
    await store.upsert(index, points.slice(20, 30));
    expect(await store.points(index, [idOf(12)])).toEqual([again]);
    const query = lessonOf(again).pooled;
    expect(await store.nearestLessons(index, { query, top: 1, exact: true })).toEqual([idOf(12)]);
    expect(await store.count(index)).toBe(30);
  });

  test('after erasing nothing of it is found', async () => {
    await store.create(index, SHAPE);
    const some = points.slice(0, 60);
    await store.upsert(index, some);
    const query = lessonOf(some[16]).pooled;
    await store.erase(index, { rows: [16, 17] });
    const left = some.filter(({ row }) => row !== 16 && row !== 17);
    expect(await store.nearestLessons(index, { query, top: 100, exact: true })).toEqual(
      idsOf(nearestRows(query, left, 100)),
    );
    expect(rowsOf(await store.mostTaught(index, 100))).toEqual(mostTaughtRows(left, 100));
    expect((await scanned(store, index)).map(legible)).toEqual(left.map(legible));
    expect(await store.points(index, idsOf([16, 17]))).toEqual([]);
    await store.erase(index, { rows: rowsOf(some) });
    expect(await store.nearestLessons(index, { query, top: 5, exact: false })).toEqual([]);
    expect(await store.mostTaught(index, 5)).toEqual([]);
    expect(await scanned(store, index)).toEqual([]);
  });

  test('a collection without lessons refuses to search them, says why, and gives null for them', async () => {
    await store.create(index, WITHOUT);
    const plain = Array.from({ length: 5 }, (_, row) => randomPoint(random, WITHOUT, row));
    await store.upsert(index, plain);
    const query = new Float32Array(POOLED_DIMS);
    const remedy = 'Build the index with a base model.';
    const nearest = store.nearestLessons(index, { query, top: 1, exact: true });
    expect((await failsWith('INPUT_INVALID', nearest)).remedy).toBe(remedy);
    expect((await failsWith('INPUT_INVALID', store.mostTaught(index, 1))).remedy).toBe(remedy);
    expect(await scanned(store, index)).toEqual(plain);
    expect((await store.get(index, [idOf(1)]))[0].taught).toBeNull();
    await failsWith('CONFLICT', store.create(index, SHAPE));
    await failsWith('INPUT_INVALID', store.upsert(index, [points[6]]));
  });

  test('lessons that do not fit are refused, and nothing of their batch is written', async () => {
    await store.create(index, SHAPE);
    const { packed, pooled } = lessonOf(points[8]);
    const broken: Partial<SamplePoint>[] = [
      { lesson: null },
      { taught: null },
      { lesson: null, taught: null },
      { taught: -1 },
      { lesson: { packed: packed.slice(1), pooled } },
      { lesson: { packed: new Uint8Array(MAX_LESSON_BYTES + TOKEN_BYTES), pooled } },
      { lesson: { packed, pooled: pooled.slice(1) } },
    ];
    for (const part of broken) {
      const batch = [points[1], { ...points[8], ...part }];
      expect((await failsWith('INPUT_INVALID', store.upsert(index, batch))).message).toContain('row 8');
    }
    const endless = { packed, pooled: pooled.with(3, NaN) };
    for (const part of [{ taught: NaN }, { taught: 1e39 }, { lesson: endless }]) {
      const batch = [points[1], { ...points[8], ...part }];
      expect((await failsWith('NOT_FINITE', store.upsert(index, batch))).message).toContain('row 8');
    }
    expect(await store.count(index)).toBe(0);
  });

  test('questions that do not fit are refused', async () => {
    const query = new Float32Array(POOLED_DIMS);
    const refused = (request: object): Promise<unknown> =>
      store.nearestLessons('taught', { query, top: 1, exact: true, ...request });
    await failsWith('INPUT_INVALID', refused({ query: new Float32Array(64) }));
    await failsWith('NOT_FINITE', refused({ query: query.with(0, Infinity) }));
    await failsWith('INPUT_INVALID', refused({ filter: { rows: [-1] } }));
    for (const top of [0, 1.5, NaN, 1e9]) {
      await failsWith('INPUT_INVALID', refused({ top }));
      await failsWith('INPUT_INVALID', store.mostTaught('taught', top));
    }
    await failsWith('INPUT_INVALID', scanned(store, 'taught', { rows: [0.5] }));
    const unknown = 'never-made';
    await failsWith('INDEX_NOT_FOUND', store.nearestLessons(unknown, { query, top: 1, exact: true }));
    await failsWith('INDEX_NOT_FOUND', store.mostTaught(unknown, 1));
    await failsWith('INDEX_NOT_FOUND', store.points(unknown, [idOf(1)]));
    await failsWith('INDEX_NOT_FOUND', scanned(store, unknown));
    expect((await rowsIn(store, 'taught')).length).toBe(500);
  });
});

test('both stores give the same points, the same nearest lessons and the same most taught', async () => {
  const query = unit(random, POOLED_DIMS);
  const request = { query, top: 200, exact: true, filter: { withoutLabels: ['clean'] } };
  const [one, other] = await Promise.all(
    stores.both().map(async (store) => {
      const ids = await store.nearestLessons('taught', request);
      return {
        nearest: (await store.points('taught', ids)).map(legible),
        taught: await store.mostTaught('taught', 100),
        all: (await scanned(store, 'taught')).map(legible),
      };
    }),
  );
  expect(one).toEqual(other);
});
