/** Whether an index still speaks of the file that it was made from. */
import { ReptraceError } from '../../../lib/errors.ts';
import { compareDataset } from '../datasets/compare.ts';
import type { DatasetExtent } from '../datasets/scan.ts';
import type { IndexRecord } from './index-record.ts';

/**
 * The file must be byte for byte what was indexed last; read only when its stamp does not tell.
 * @param mayGrow a build reads no further than the rows that it is about: more may have come behind them
 * Throws DATASET_CHANGED, DATASET_NOT_FOUND, DATASET_INVALID.
 */
export async function checkDataset(record: IndexRecord, mayGrow = false): Promise<DatasetExtent> {
  const { dataset } = record;
  refuseSpoiled(record);
  const comparison = await compareDataset(dataset.path, dataset);
  switch (comparison.kind) {
    case 'same':
      return comparison.now;
    case 'appended': {
      if (mayGrow) return comparison.now;
      const added = comparison.now.sourceRows - dataset.sourceRows;
      throw new ReptraceError(
        'DATASET_CHANGED',
        `rows were added to ${dataset.path} since the index ${shownName(record)} was built`,
        `Build the index again: only the ${added} ${added === 1 ? 'row more is' : 'rows more are'} signed.`,
      );
    }
    case 'changed':
      throw datasetChanged(record, dataset.path);
    case 'missing':
      throw datasetMissing(record, dataset.path);
  }
}

/** @param path what was compared with the index: its own dataset, or another one that a build names */
export function datasetChanged(record: IndexRecord, path: string): ReptraceError {
  if (path !== record.dataset.path) {
    return new ReptraceError(
      'DATASET_CHANGED',
      `the index ${shownName(record)} was built from ${record.dataset.path}, and ${path} does not begin with the same rows`,
      'Name the dataset that it was built from, or build a new index: under another name, or under this one after deleting it.',
    );
  }
  return new ReptraceError(
    'DATASET_CHANGED',
    `${path} is not what the index ${shownName(record)} was built from`,
    'Put the file back as it was, or build a new index: under another name, or under this one after deleting it.',
  );
}

export function datasetMissing(record: IndexRecord, path: string): ReptraceError {
  return new ReptraceError(
    'DATASET_NOT_FOUND',
    `${path}, from which the index ${shownName(record)} was built, is not there`,
    'Put the file back, or delete the index.',
  );
}

/** Throws DATASET_CHANGED for an index whose dataset changed under its build. */
export function refuseSpoiled(record: IndexRecord): void {
  if (!record.spoiled) return;
  throw new ReptraceError(
    'DATASET_CHANGED',
    `${record.dataset.path} changed while the index ${shownName(record)} was built, which may have mixed two files`,
    'Delete the index and build it again.',
  );
}

function shownName({ name }: IndexRecord): string {
  return JSON.stringify(name);
}
