/** What every signature store promises, over both of them: a LanceDB folder and a real Qdrant server. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import type {
  SampleFilter,
  SamplePoint,
  SignatureStore,
} from '../../services/index/stores/signature-store.ts';
import { withBothStores } from './both-stores.ts';
import {
  bruteForce,
  concatenated,
  failsWith,
  idOf,
  randomPoint,
  rowsIn,
  searchRows,
  unit,
} from './signature-points.ts';

const SHAPE = { layers: [3, 7], width: 16, taught: false };
const LENGTH = 64;
const HOSTILE = [
  "it's",
  "' OR '1'='1",
  "'); DROP TABLE samples; --",
  'back\\slash\\',
  "\\'",
  'nul\0inside',
  '100%',
  'under_score',
  '"quoted"',
  '/* comment */',
  'line\nend\r\n',
  '${x} {{x}} $1 ? :a',
  'ünïcödé 😀 \u202e',
  '',
  ' ',
  "''",
  'x'.repeat(5000),
];

const stores = withBothStores();
const random = new Random(17);
let made = 0;
let index: string;

beforeEach(() => {
  index = `index-${made++}`;
});

/** Queries: full, without its gradient half (alpha 1), weighted, all zero. */
function queries(): Float32Array[] {
  const blocks = (): Float32Array[] => Array.from({ length: 4 }, () => unit(random, SHAPE.width));
  const half = blocks();
  half[1].fill(0);
  half[3].fill(0);
  return [
    concatenated(blocks()),
    concatenated(half),
    concatenated(blocks()).map((x, i) => (i < 32 ? 37 * x : x / 5)),
    new Float32Array(LENGTH),
  ];
}

const STORES: readonly [string, () => SignatureStore][] = stores.each;

describe.each(STORES)('%s', (_name, of) => {
  let store: SignatureStore;
  const points = Array.from({ length: 500 }, (_, row) => randomPoint(random, SHAPE, row));

  beforeAll(async () => {
    store = of();
    await store.create('five-hundred', SHAPE);
    await store.upsert('five-hundred', points);
  });

  test('a point written twice, also at once and within one call, is there once, as last written', async () => {
    await store.create(index, SHAPE);
    const first = points.slice(0, 40);
    await store.upsert(index, first);
    await Promise.all([
      store.upsert(index, first),
      store.upsert(index, first.slice(20)),
      store.upsert(index, first),
    ]);
    const again = { ...points[5], response: 'new' };
    await store.upsert(index, [points[5], again]);
    expect(await store.count(index)).toBe(40);
    expect(await rowsIn(store, index)).toEqual(first.map(({ row }) => row));
    expect((await store.get(index, [idOf(5)]))[0].response).toBe('new');
  });

  test('search gives the order and the scores of a float64 brute force', async () => {
    for (const query of queries()) {
      for (const top of [1, 10, 50]) {
        expect(await searchRows(store, 'five-hundred', query, top)).toEqual(bruteForce(query, points, top));
      }
    }
    const [query] = queries();
    const [best] = await store.search('five-hundred', { query, top: 1, exact: true });
    const score = points[best.point.row].vector.reduce((sum, value, i) => sum + value * query[i], 0);
    expect(best.score).toBeCloseTo(score, 12);
    expect(best.point).toEqual(points[best.point.row]);
  });

  test('so it does among the samples that pass a filter', async () => {
    const filters: [SampleFilter, (point: SamplePoint) => boolean][] = [
      [{ labels: ['poisoned'] }, ({ label }) => label === 'poisoned'],
      [{ withoutLabels: ['poisoned'] }, ({ label }) => label !== 'poisoned'],
      [
        { labels: ['clean'], rows: [1, 2, 3, 4, 5, 6, 7, 8] },
        ({ label, row }) => label === 'clean' && row > 0 && row < 9,
      ],
      [{ metadata: [{ key: 'source', values: ['web'] }] }, ({ metadata }) => metadata['source'] === 'web'],
      [
        {
          metadata: [
            { key: 'score', values: ['0', '2'] },
            { key: 'source', values: ['books', 'none'] },
          ],
        },
        ({ metadata }) => metadata['score'] !== 1 && metadata['source'] === 'books',
      ],
      [{ metadata: [{ key: 'nested', values: ['[object Object]'] }] }, () => false],
      [{ labels: [] }, () => false],
      [{ rows: [] }, () => false],
      [{ metadata: [{ key: 'source', values: [] }] }, () => false],
      [{ withoutLabels: [], metadata: [] }, () => true],
      [{ rows: Array.from({ length: 20_000 }, (_, i) => i * 2) }, ({ row }) => row % 2 === 0],
    ];
    const [query] = queries();
    for (const [filter, passes] of filters) {
      const passing = points.filter(passes);
      expect(await searchRows(store, 'five-hundred', query, 20, filter)).toEqual(
        bruteForce(query, passing, 20),
      );
      expect(await store.count('five-hundred', filter)).toBe(passing.length);
    }
  });

  test('a top beyond the number of samples gives all of them, exact or not', async () => {
    const [query] = queries();
    const all = bruteForce(query, points, 500);
    expect(await searchRows(store, 'five-hundred', query, 10_000)).toEqual(all);
    expect(await searchRows(store, 'five-hundred', query, 10_000, undefined, false)).toEqual(all);
    expect(await store.approximate('five-hundred')).toBe(false);
  });

  test('samples with the same signature come in the order of their rows, however many there are', async () => {
    await store.create(index, SHAPE);
    const { vector } = points[0];
    const same = Array.from({ length: 700 }, (_, row) => ({ ...randomPoint(random, SHAPE, row), vector }));
    await store.upsert(index, random.shuffle(same));
    expect(await searchRows(store, index, vector, 5)).toEqual([0, 1, 2, 3, 4]);
  });

  test('hostile texts are stored, given back and filtered by as they are', async () => {
    await store.create(index, SHAPE);
    const hostile = HOSTILE.map((text, row) =>
      randomPoint(random, SHAPE, row, {
        prompt: text,
        response: text,
        label: text,
        metadata: { [text]: text, __proto__x: text, 'a.b[c]': { [text]: [text, null, 1e300, 2 ** 53] } },
      }),
    );
    await store.upsert(index, hostile);
    expect(
      await store.get(
        index,
        hostile.map(({ id }) => id),
      ),
    ).toEqual(hostile.map(({ vector: _vector, norms: _norms, lesson: _lesson, ...text }) => text));
    const only = (filter: SampleFilter): Promise<number[]> =>
      searchRows(store, index, queries()[0], 50, filter);
    for (const [row, text] of HOSTILE.entries()) {
      expect(await only({ labels: [text] })).toEqual([row]);
      expect(await only({ metadata: [{ key: text, values: [text] }] })).toEqual([row]);
      expect(await store.count(index, { withoutLabels: [text] })).toBe(HOSTILE.length - 1);
    }
    expect(await store.count(index, { labels: HOSTILE })).toBe(HOSTILE.length);
  });

  test('halves of surrogate pairs do not break a write', async () => {
    await store.create(index, SHAPE);
    await store.upsert(index, [
      randomPoint(random, SHAPE, 0, {
        prompt: 'a\ud800b',
        label: '\udfff',
        metadata: { 'k\ud800': '\ud800' },
      }),
    ]);
    const [text] = await store.get(index, [idOf(0)]);
    expect(text.prompt).toBe('a\ufffdb');
    expect(text.metadata).toEqual({ 'k\ud800': '\ud800' });
    expect(await store.count(index, { labels: ['\udfff'] })).toBe(1);
    expect(await store.count(index, { metadata: [{ key: 'k\ud800', values: ['\ud800'] }] })).toBe(1);
  });

  test('get leaves out what is not there, and erase removes what its filter names', async () => {
    await store.create(index, SHAPE);
    const some = points.slice(0, 60);
    await store.upsert(index, some);
    const poisoned = some.filter(({ label }) => label === 'poisoned');
    expect(await store.erase(index, { labels: ['poisoned'] })).toBe(poisoned.length);
    expect(await store.erase(index, { rows: [4, 5, 1000] })).toBe(
      some.filter(({ row, label }) => (row === 4 || row === 5) && label !== 'poisoned').length,
    );
    const left = some.filter(({ row, label }) => label !== 'poisoned' && row !== 4 && row !== 5);
    expect(await rowsIn(store, index)).toEqual(left.map(({ row }) => row));
    const asked = [idOf(9999), left[3].id, poisoned[0].id, 'no uuid', left[1].id];
    expect((await store.get(index, asked)).map(({ row }) => row)).toEqual([left[3].row, left[1].row]);
    await failsWith('INPUT_INVALID', store.erase(index, { withoutLabels: [] }));
    await store.upsert(index, poisoned);
    expect(await store.count(index)).toBe(left.length + poisoned.length);
  });

  test('a number that is not finite is refused with its row, and nothing of its batch is written', async () => {
    await store.create(index, SHAPE);
    for (const broken of [{ loss: NaN }, { vector: new Float32Array(LENGTH).fill(Infinity) }]) {
      const batch = [...points.slice(0, 5), randomPoint(random, SHAPE, 77, broken)];
      expect((await failsWith('NOT_FINITE', store.upsert(index, batch))).message).toContain('row 77');
    }
    const query = new Float32Array(LENGTH).fill(NaN);
    await failsWith('NOT_FINITE', store.search(index, { query, top: 1, exact: true }));
    expect(await store.count(index)).toBe(0);
  });

  test('what does not fit the collection is refused', async () => {
    await store.create(index, SHAPE);
    const [query] = queries();
    const odd = randomPoint(random, { layers: [3], width: 16, taught: false }, 1);
    await failsWith('INPUT_INVALID', store.upsert(index, [odd]));
    await failsWith('INPUT_INVALID', store.upsert(index, [randomPoint(random, SHAPE, 1, { id: '1' })]));
    await failsWith('INPUT_INVALID', store.search(index, { query: odd.vector, top: 1, exact: true }));
    for (const top of [0, -1, 1.5, NaN, 1e9]) {
      await failsWith('INPUT_INVALID', store.search(index, { query, top, exact: true }));
    }
    await failsWith('INPUT_INVALID', store.count(index, { rows: [1.5] }));
    await failsWith('CONFLICT', store.create(index, { layers: [7, 3], width: 16, taught: false }));
    await failsWith('INPUT_INVALID', store.create('../escape', SHAPE));
    await store.create(index, SHAPE);
  });

  test('an index that is not there, or no longer, is told as such; dropping it is no error', async () => {
    await store.create(index, SHAPE);
    await store.upsert(index, points.slice(0, 3));
    await store.drop(index);
    await store.drop(index);
    const [query] = queries();
    for (const unknown of [index, 'never-made']) {
      await failsWith('INDEX_NOT_FOUND', store.search(unknown, { query, top: 1, exact: true }));
      await failsWith('INDEX_NOT_FOUND', store.upsert(unknown, points.slice(0, 1)));
      await failsWith('INDEX_NOT_FOUND', store.count(unknown));
      await failsWith('INDEX_NOT_FOUND', rowsIn(store, unknown));
      await failsWith('INDEX_NOT_FOUND', store.get(unknown, [idOf(1)]));
      await failsWith('INDEX_NOT_FOUND', store.erase(unknown, { rows: [1] }));
      await failsWith('INDEX_NOT_FOUND', store.approximate(unknown));
    }
    await store.create(index, SHAPE);
    expect(await store.count(index)).toBe(0);
  });

  test('vectors of a large model, more than one request of them, go in and come back', async () => {
    const shape = { layers: [1, 2], width: 2048, taught: false };
    await store.create(index, shape);
    const large = Array.from({ length: 90 }, (_, row) => randomPoint(random, shape, row));
    await store.upsert(index, large);
    const query = large[42].vector;
    expect(await searchRows(store, index, query, 20)).toEqual(bruteForce(query, large, 20));
    const [hit] = await store.search(index, { query, top: 1, exact: true });
    expect(hit.point.vector).toEqual(query);
  });
});

test('both stores give the same order and the same scores on the same data', async () => {
  for (const query of queries()) {
    const answers = await Promise.all(
      stores.both().map((store) => store.search('five-hundred', { query, top: 50, exact: true })),
    );
    expect(answers[0].length).toBe(50);
    for (const hits of answers) expect(hits.every(({ point }) => point.vector.length === LENGTH)).toBe(true);
  }
  await Promise.all(stores.both().map((store) => store.create(index, SHAPE)));
  // Near ties on purpose: the same vectors but for the last bits.
  const base = unit(random, LENGTH);
  const points = Array.from({ length: 250 }, (_, row) => {
    const vector = base.map((value) => value * (1 + (random.next() - 0.5) * 2e-7));
    return randomPoint(random, SHAPE, row, { vector });
  });
  await Promise.all(stores.both().map((store) => store.upsert(index, points)));
  const [one, other] = await Promise.all(
    stores.both().map((store) => store.search(index, { query: base, top: 30, exact: true })),
  );
  expect(one).toEqual(other);
});
