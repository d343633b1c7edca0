/** What searches of an index miss, measured when its build ends and kept with it. */
import { scoreOfIndex, shapeOf, type IndexRecord } from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { sampleLessons } from './lesson-samples.ts';
import { measureRecall } from './recall.ts';
import { measureTaughtRecall } from './taught-recall.ts';

export type Recalls = Pick<IndexRecord, 'recall' | 'taughtRecall'>;

/** Throws what the store and the records throw. */
export async function measureRecalls(
  { store, records }: { readonly store: SignatureStore; readonly records: IndexRecords },
  record: IndexRecord,
): Promise<Recalls> {
  const { id, dataset } = record;
  const shape = shapeOf(record);
  const recall = await measureRecall(store, id, shape);
  const centres = shape.taught ? await records.hiddenCentres(id) : null;
  if (centres === null) return { recall, taughtRecall: null };
  const samples = await sampleLessons(store, id, dataset.rows);
  const about = { score: scoreOfIndex(record), shape, centres, samples };
  return { recall, taughtRecall: await measureTaughtRecall(store, id, about) };
}
