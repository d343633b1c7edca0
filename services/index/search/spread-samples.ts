/** Some of an index's own samples, to measure searches with. */
import type { CollectionShape, SamplePoint, SignatureStore } from '../stores/signature-store.ts';

/** At most `count`, spread evenly over the store's order; fewer, or none, when they are erased meanwhile. */
export async function spreadSamples(
  store: SignatureStore,
  index: string,
  { layers, width }: CollectionShape,
  count: number,
): Promise<SamplePoint[]> {
  const rows: number[] = [];
  for await (const page of store.rows(index)) for (const row of page) rows.push(row);
  if (rows.length === 0) return [];
  const some = Math.min(count, rows.length);
  const chosen = Array.from({ length: some }, (_, i) => rows[Math.floor((i * rows.length) / some)]);
  const query = new Float32Array(2 * width * layers.length);
  const hits = await store.search(index, { query, top: some, filter: { rows: chosen }, exact: true });
  return hits.map(({ point }) => point);
}
