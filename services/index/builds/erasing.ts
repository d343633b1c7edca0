/**
 * eraseSamples: points go for good, and their rows are remembered so that no later build signs them again. What is to go is
 * written down before anything goes, so that an erasing that was cut off is finished by whoever comes next.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import { isPrepared, shapeOf, type IndexRecord } from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';
import { isFree, type Owner } from '../runs/lease.ts';
import { busy, isWorking } from '../runs/life.ts';
import { countOf, rowsOf, toRanges } from '../runs/row-ranges.ts';
import type { SampleFilter, SignatureStore } from '../stores/signature-store.ts';
import { clean } from './sample-filter.ts';

/** An erasing whose process is gone without a trace blocks its index no longer than this. */
const ERASING_MS = 300_000;

export interface EraseParts {
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  readonly owner: Owner;
}

/** Throws INDEX_NOT_FOUND, INDEX_BUSY, INPUT_INVALID without any condition, and what the stores throw. */
export async function eraseSamples(
  { store, records, owner }: EraseParts,
  reference: string,
  asked: SampleFilter,
): Promise<{ readonly erased: number; readonly index: IndexRecord }> {
  const filter = clean(asked);
  if (filter === 'all') {
    throw new ReptraceError(
      'INPUT_INVALID',
      'no condition says which samples to erase',
      'Give at least one condition. To remove all of an index, delete it.',
    );
  }
  const { id } = (await records.find(reference)).value;
  const lease = { owner, until: Date.now() + ERASING_MS };
  const { value: held } = await records.change(id, (record) => {
    refuseBusy(record, owner);
    return { erasing: lease };
  });
  try {
    if (!isPrepared(held) || filter === 'none') {
      return { erased: 0, index: (await records.change(id, () => ({ erasing: null }))).value };
    }
    const erased = await erase(store, records, held, filter);
    const done = await store.count(id);
    const total = held.dataset.rows - countOf((await records.erasure(id)).erased);
    const { value: index } = await records.change(id, (record) => ({
      erasing: null,
      ...afterErasing(record, done, total),
    }));
    return { erased, index };
  } catch (error) {
    await records.change(id, () => ({ erasing: null }));
    throw error;
  }
}

/** Finishes an erasing that was cut off. Gives how many rows went since it began. */
export async function finishErasing(
  store: SignatureStore,
  records: IndexRecords,
  id: string,
): Promise<number> {
  const { erased, pending } = await records.erasure(id);
  if (pending === null) return 0;
  await store.erase(id, pending.filter);
  const left = new Set(await allRows(store, id));
  const gone = [...rowsOf(pending.before)].filter((row) => !left.has(row));
  await records.putErasure(id, { erased: toRanges([...rowsOf(erased), ...gone]), pending: null });
  return gone.length;
}

/**
 * What a record is to say when rows were erased that it still counts, be it by an erasing that was cut off before it could say so.
 * @param done samples that the store has
 * @param total rows of the dataset that are not erased
 */
export function afterErasing(record: IndexRecord, done: number, total: number): Partial<IndexRecord> {
  const { progress, generation } = record;
  if (progress.total === total) return {};
  return { generation: generation + 1, progress: { ...progress, done, total } };
}

/** Throws INDEX_BUSY while a build or an erasing is at work. */
export function refuseBusy({ life, erasing, name }: IndexRecord, self: Owner): void {
  if (isWorking(life) || !isFree(erasing, self)) throw busy(name);
}

async function erase(
  store: SignatureStore,
  records: IndexRecords,
  record: IndexRecord,
  filter: SampleFilter,
): Promise<number> {
  const { id } = record;
  await store.create(id, shapeOf(record));
  const before = await finishErasing(store, records, id);
  const { erased } = await records.erasure(id);
  await records.putErasure(id, { erased, pending: { before: toRanges(await allRows(store, id)), filter } });
  return before + (await finishErasing(store, records, id));
}

async function allRows(store: SignatureStore, id: string): Promise<number[]> {
  const rows: number[] = [];
  for await (const page of store.rows(id)) for (const row of page) rows.push(row);
  return rows;
}
