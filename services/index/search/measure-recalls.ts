/** What searches of an index miss, measured when its build ends and kept with it. */
import { shapeOf, type IndexRecord } from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { measureRecall } from './recall.ts';
import { measureTaughtRecall } from './taught-recall.ts';

export type Recalls = Pick<IndexRecord, 'recall' | 'taughtRecall'>;

/** Throws what the store and the records throw. */
export async function measureRecalls(
  { store, records }: { readonly store: SignatureStore; readonly records: IndexRecords },
  record: IndexRecord,
): Promise<Recalls> {
  const shape = shapeOf(record);
  const centres = shape.taught ? await records.hiddenCentres(record.id) : null;
  return {
    recall: await measureRecall(store, record.id, shape),
    taughtRecall: centres === null ? null : await measureTaughtRecall(store, record.id, shape, centres),
  };
}
