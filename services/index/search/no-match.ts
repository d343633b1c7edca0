/**
 * Why a filter let nothing through: a label, column or row that the index does not have is most often a slip, and is told as
 * one. Asked only when a search found nothing. A filter whose labels, columns and rows are there may still fit no sample.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import { shown, shownList } from '../datasets/problems.ts';
import type { IndexRecord } from '../runs/index-record.ts';
import { pointId } from '../runs/points.ts';
import type { SampleFilter, SampleText, SignatureStore } from '../stores/signature-store.ts';

/** Samples that are looked at, spread evenly over the index. */
const LOOKED_AT = 1000;
/** Of one read: a sample's text may be long. */
const AT_ONCE = 100;

interface Glance {
  readonly labels: readonly string[];
  readonly columns: ReadonlySet<string>;
  readonly looked: number;
  readonly isWhole: boolean;
}

/**
 * @param filter one that let no sample of the index through
 * Throws INPUT_INVALID, naming what there is, where a condition of the filter can hold for no sample.
 */
export async function refuseHopeless(
  store: SignatureStore,
  record: IndexRecord,
  filter: SampleFilter,
): Promise<void> {
  const { rows, labels, metadata = [] } = filter;
  const { rows: count, columns } = record.dataset;
  if (rows !== undefined && rows.every((row) => row >= count))
    throw invalid(
      `the index has no sample ${rows.length === 1 ? `with the row ${rows[0]}` : 'with any of the rows given'}: its dataset has the rows 0 to ${count - 1}`,
      'Rows are counted from 0.',
    );
  const asLabel = metadata.find(({ key }) => key === columns.label);
  if (asLabel !== undefined)
    throw invalid(
      `the column ${shown(asLabel.key)} is the label of the index's samples, not one of their other columns`,
      'Filter by label: with --label, or `labels` of the filter.',
    );
  const noLabel = labels !== undefined && (await store.count(record.id, { labels })) === 0;
  if (!noLabel && metadata.length === 0) return;
  const found = await glance(store, record);
  if (found.looked === 0) return;
  if (noLabel) throw unknownLabels(labels, found);
  const unknown = metadata.find(({ key }) => !found.columns.has(key));
  if (unknown !== undefined) throw unknownColumn(unknown.key, found);
}

function unknownLabels(labels: readonly string[], { labels: there, ...found }: Glance): ReptraceError {
  return invalid(
    `no sample of the index has the label ${shownList(labels)}; ${there.length === 0 ? `${some(found)} a label` : `${among(found)} ${shownList(there)}`}`,
    there.length === 0 ? 'Ask without a label.' : 'Name a label that is there, in the same capitals.',
  );
}

function unknownColumn(key: string, { columns, ...found }: Glance): ReptraceError {
  const there = columns.size === 0 ? 'they have no other columns' : `they have ${shownList([...columns])}`;
  return invalid(
    `${some(found)} a column ${shown(key)} to be filtered by; ${there}`,
    'Name a column that is there, in the same capitals; those of prompt and response are not kept as columns.',
  );
}

function some({ looked, isWhole }: Pick<Glance, 'looked' | 'isWhole'>): string {
  return isWhole ? 'no sample of the index has' : `none of ${looked} samples spread over the index has`;
}

function among({ looked, isWhole }: Pick<Glance, 'looked' | 'isWhole'>): string {
  return isWhole ? 'it has' : `${looked} samples spread over it have`;
}

async function glance(store: SignatureStore, { id, firstDigest }: IndexRecord): Promise<Glance> {
  const rows: number[] = [];
  for await (const page of store.rows(id)) for (const row of page) rows.push(row);
  rows.sort((a, b) => a - b);
  const count = Math.min(LOOKED_AT, rows.length);
  const ids = Array.from({ length: count }, (_, i) =>
    pointId(id, firstDigest, rows[Math.floor((i * rows.length) / count)]),
  );
  const labels = new Set<string>();
  const columns = new Set<string>();
  let looked = 0;
  for (let at = 0; at < count; at += AT_ONCE) {
    const samples: readonly SampleText[] = await store.get(id, ids.slice(at, at + AT_ONCE));
    looked += samples.length;
    for (const { label, metadata } of samples) {
      if (label !== null) labels.add(label);
      for (const column of Object.keys(metadata)) columns.add(column);
    }
  }
  return { labels: [...labels].sort(), columns, looked, isWhole: looked === rows.length };
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
