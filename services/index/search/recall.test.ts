import { expect, it } from 'vitest';
import type { Hit, SearchRequest, SignatureStore } from '../stores/signature-store.ts';
import { measureRecall } from './recall.ts';

/** Thirty points on axes; an approximate search that misses every row of `missed`. */
function storeOf(missed: (row: number) => boolean, approximate = true): SignatureStore {
  const points = Array.from({ length: 30 }, (_, row) => {
    const vector = new Float32Array(64);
    vector[row] = 1;
    vector[32 + row] = 1;
    const text = {
      line: 1,
      sourceRow: row,
      part: null,
      context: [],
      raw: null,
      prompt: '',
      response: '',
      label: null,
      metadata: {},
      truncated: false,
      loss: 0,
      taught: null,
      lesson: null,
    };
    return { ...text, id: String(row), row, vector, norms: new Float32Array(2) };
  });
  const search = ({ query, top, filter, exact }: SearchRequest): Promise<Hit[]> =>
    Promise.resolve(
      points
        .filter(({ row }) => filter?.rows === undefined || filter.rows.includes(row))
        .filter(({ row }) => exact || !missed(row))
        .map((point) => ({ point, score: point.vector.reduce((sum, value, i) => sum + value * query[i], 0) }))
        .sort((a, b) => b.score - a.score || a.point.row - b.point.row)
        .slice(0, top),
    );
  const fake: Partial<SignatureStore> = {
    search: (_, request) => search(request),
    approximate: () => Promise.resolve(approximate),
    rows: () =>
      (async function* () {
        await Promise.resolve();
        yield points.map(({ row }) => row);
      })(),
  };
  return fake as SignatureStore;
}

const shape = { layers: [0], width: 32, taught: false };

it('recall is the share of the true first ten that the store finds', async () => {
  expect(
    await measureRecall(
      storeOf(() => false),
      'i',
      shape,
    ),
  ).toBe(1);
  const half = await measureRecall(
    storeOf((row) => row % 2 === 1),
    'i',
    shape,
  );
  expect(half).toBeGreaterThan(0.3);
  expect(half).toBeLessThan(0.7);
});

it('nothing is measured of samples that were erased meanwhile', async () => {
  const store = { ...storeOf(() => false), search: () => Promise.resolve([]) };
  expect(await measureRecall(store, 'i', shape)).toBeNull();
});

it('nothing is measured where every search is exact', async () => {
  expect(
    await measureRecall(
      storeOf(() => true, false),
      'i',
      shape,
    ),
  ).toBeNull();
});
