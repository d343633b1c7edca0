/** How much an approximate search misses: measured on the index's own samples, told with every answer. */
import type { CollectionShape, SignatureStore } from '../stores/signature-store.ts';
import { queryVector } from '../vectors/query-vector.ts';
import { spreadSamples } from './spread-samples.ts';

const SAMPLES = 20;
const TOP = 10;
/** The two weights that people trace with: with a prompt, and without. */
const ALPHAS = [0.5, 0];

/**
 * The smaller, over the alphas, of the mean shares of the exact top 10 that an approximate search finds for samples' own
 * vectors. null where searches are exact anyway, or nothing is there.
 */
export async function measureRecall(
  store: SignatureStore,
  index: string,
  shape: CollectionShape,
): Promise<number | null> {
  if (!(await store.approximate(index))) return null;
  const samples = await spreadSamples(store, index, shape, SAMPLES);
  if (samples.length === 0) return null;
  let smallest = 1;
  for (const alpha of ALPHAS) {
    let sum = 0;
    for (const { vector } of samples) {
      sum += await share(store, index, queryVector(Float64Array.from(vector), alpha, shape));
    }
    smallest = Math.min(smallest, sum / samples.length);
  }
  return smallest;
}

async function share(store: SignatureStore, index: string, query: Float32Array): Promise<number> {
  const exact = await store.search(index, { query, top: TOP, exact: true });
  const found = await store.search(index, { query, top: TOP, exact: false });
  const ids = new Set(found.map(({ point }) => point.id));
  return exact.length === 0 ? 1 : exact.filter(({ point }) => ids.has(point.id)).length / exact.length;
}
