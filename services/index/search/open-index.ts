/** index.open: an index that is ready to be traced in, and still speaks of its dataset. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { OpenIndex } from '../../../lib/mesh/index-messages.ts';
import { checkDataset } from '../runs/check-dataset.ts';
import { manifestDigest, manifestOf, type IndexRecord } from '../runs/index-record.ts';
import type { IndexRecords } from '../runs/index-records.ts';

const NAMED = 5;

/** @param reference id or name; null: the only index there is. Throws as `openIndex` of index-messages.ts says. */
export async function openIndex(records: IndexRecords, reference: string | null): Promise<OpenIndex> {
  const record = reference === null ? await only(records) : (await records.find(reference)).value;
  const manifest = manifestOf(record);
  if (record.life.state !== 'COMPLETED' || manifest === null) throw notReady(record);
  const { stamp } = await checkDataset(record);
  if (stamp !== record.dataset.stamp) await remember(records, record, stamp);
  const { id, name, generation } = record;
  return { id, name, manifest, manifestDigest: manifestDigest(manifest, generation) };
}

/** So that the file need not be read again as long as nobody touches it. */
async function remember(
  records: IndexRecords,
  { id, attempt }: IndexRecord,
  stamp: string | null,
): Promise<void> {
  await records.change(id, (record) =>
    record.attempt === attempt && record.life.state === 'COMPLETED'
      ? { dataset: { ...record.dataset, stamp } }
      : null,
  );
}

async function only(records: IndexRecords): Promise<IndexRecord> {
  const all = await records.all();
  const ready = all.filter(({ life }) => life.state === 'COMPLETED');
  if (ready.length === 1) return ready[0];
  if (ready.length > 1) {
    const names = ready.slice(0, NAMED).map(({ name }) => JSON.stringify(name));
    const more = ready.length > NAMED ? ` and ${ready.length - NAMED} more` : '';
    throw new ReptraceError(
      'INDEX_AMBIGUOUS',
      `there are ${ready.length} indexes: ${names.join(', ')}${more}`,
      'Name the index to trace in.',
    );
  }
  throw new ReptraceError(
    'INDEX_NOT_FOUND',
    all.length === 0 ? 'there is no index' : `none of the ${all.length} indexes is complete`,
    all.length === 0 ? 'Build one first.' : 'Wait for a build to complete, or resume it.',
  );
}

function notReady({ name, life, progress }: IndexRecord): ReptraceError {
  const remedy = {
    QUEUED: 'Wait until its build has ended.',
    RUNNING: 'Wait until its build has ended.',
    CANCELLED: 'Resume it, and wait until it is complete.',
    FAILED: 'See why it failed, then resume it.',
    COMPLETED: 'Build it again.',
  }[life.state];
  return new ReptraceError(
    'INDEX_NOT_READY',
    `the index ${JSON.stringify(name)} is ${life.state}, with ${progress.done} of ${progress.total} rows`,
    remedy,
  );
}
