/** What a dataset's file is, in one pass over it: digest, extent and bad rows. Compared with an earlier one by compare.ts. */
import { createHash } from 'node:crypto';
import type { ResolvedColumns } from './columns.ts';
import { isBadRow, type BadRow, type DatasetOptions } from './dataset.ts';
import { fileStamp } from './file-stamp.ts';
import { openDataset } from './open-dataset.ts';

/** Plain data: may be kept with an index. */
export interface DatasetExtent {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string;
  readonly bytes: number;
  /** Rows of the source, bad ones too. */
  readonly sourceRows: number;
  /** By which the file can be known as untouched without reading it; null when it was too fresh to tell. */
  readonly stamp: string | null;
}

export interface DatasetScan extends DatasetExtent {
  readonly format: string;
  /** Samples, bad rows too. */
  readonly rows: number;
  readonly columns: ResolvedColumns;
  readonly badRowCount: number;
  /** The first of them. */
  readonly badRows: readonly BadRow[];
}

const KEPT_BAD_ROWS = 20;

/** Throws what `openDataset` throws. */
export async function scanDataset(path: string, options: DatasetOptions = {}): Promise<DatasetScan> {
  const before = await fileStamp(path);
  const dataset = await openDataset(path, options);
  const hash = createHash('sha256');
  let bytes = 0;
  let rows = 0;
  let sourceRows = 0;
  let badRowCount = 0;
  const badRows: BadRow[] = [];
  const tap = (chunk: Uint8Array): void => {
    hash.update(chunk);
    bytes += chunk.byteLength;
  };
  for await (const row of dataset.rows(0, { tap })) {
    rows++;
    sourceRows = row.sourceRow + 1;
    if (!isBadRow(row)) continue;
    badRowCount++;
    if (badRows.length < KEPT_BAD_ROWS) badRows.push(row);
  }
  const stamp = before !== null && before === (await fileStamp(path)) ? before : null;
  const { format, columns } = dataset;
  const extent = { digest: hash.digest('hex'), bytes, sourceRows, stamp };
  return { ...extent, format, columns, rows, badRowCount, badRows };
}
