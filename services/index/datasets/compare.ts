/**
 * Whether a dataset is still what it was: the same, with rows added behind, or another. Rows keep their numbers and contents
 * under `same` and `appended`; only a file of plain text can be the latter.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';
import { datasetBytes } from './dataset-bytes.ts';
import { DEFAULT_MAX_ROW_BYTES, type DatasetOptions, type ExpectedBytes } from './dataset.ts';
import { fileStamp } from './file-stamp.ts';
import { formatOf } from './formats.ts';
import type { DatasetExtent } from './scan.ts';

export type DatasetComparison =
  | { readonly kind: 'same' | 'appended'; readonly now: DatasetExtent }
  | { readonly kind: 'changed'; readonly now: ExpectedBytes }
  | { readonly kind: 'missing' };

/**
 * The file is read once, and a second time where rows were added; not at all where its stamp says that nobody touched it.
 * Leave `earlier.stamp` null to have it read in any case.
 * @param options `maxRowBytes` as in the earlier scan
 * Throws DATASET_INVALID when it cannot be read, PATH_NOT_ALLOWED for a folder's links.
 */
export async function compareDataset(
  path: string,
  earlier: DatasetExtent,
  options: Pick<DatasetOptions, 'maxRowBytes'> = {},
): Promise<DatasetComparison> {
  const stamp = await fileStamp(path);
  if (stamp !== null && stamp === earlier.stamp) return { kind: 'same', now: earlier };
  const read = await unlessMissing(digests(path, earlier.bytes));
  if (read === null) return { kind: 'missing' };
  const { digest, bytes, prefixDigest } = read;
  if (prefixDigest !== earlier.digest) return { kind: 'changed', now: { digest, bytes } };
  const steady = stamp !== null && stamp === (await fileStamp(path)) ? stamp : null;
  if (bytes === earlier.bytes) return { kind: 'same', now: { ...earlier, stamp: steady } };
  const added = await addedRows(path, earlier, bytes, options.maxRowBytes ?? DEFAULT_MAX_ROW_BYTES);
  if (added === null) return { kind: 'changed', now: { digest, bytes } };
  return { kind: 'appended', now: { digest, bytes, sourceRows: earlier.sourceRows + added, stamp: steady } };
}

/** Of all bytes, and of the first (null where there are fewer). */
async function digests(path: string, prefix: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  let prefixDigest: string | null = null;
  for await (const chunk of datasetBytes(path)) {
    const left = prefix - bytes;
    if (left >= 0 && left <= chunk.byteLength && prefixDigest === null) {
      hash.update(chunk.subarray(0, left));
      prefixDigest = hash.copy().digest('hex');
      hash.update(chunk.subarray(left));
    } else {
      hash.update(chunk);
    }
    bytes += chunk.byteLength;
  }
  return { digest: hash.digest('hex'), bytes, prefixDigest };
}

/**
 * Null when nothing can be added to such a file, or when what was added goes on with the last row that was there: its line
 * had no end, or a quote was open.
 */
async function addedRows(
  path: string,
  earlier: DatasetExtent,
  bytes: number,
  maxRowBytes: number,
): Promise<number | null> {
  const last = earlier.sourceRows - 1;
  const format = await formatOf(path);
  if (!format.appendable) return null;
  let added = 0;
  for await (const { row, end } of format.read(path, { from: last, maxRowBytes, limit: bytes })) {
    if (row === last ? end > earlier.bytes : end <= earlier.bytes) return null;
    if (row !== last) added++;
  }
  return added;
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ReptraceError && error.code === 'DATASET_NOT_FOUND') return null;
    throw error;
  }
}
