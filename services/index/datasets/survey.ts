/**
 * What a dataset holds, for a plan: one pass over it that counts rows and keeps some, spread evenly over those that it saw. It
 * ends after a while; the number of rows is then extrapolated from the bytes, of Parquet from what its footers tell.
 */
import { stat } from 'node:fs/promises';
import { ReptraceError } from '../../../lib/errors.ts';
import { isBadRow, type BadRow, type Dataset, type DatasetRow } from './dataset.ts';
import { FileSlices } from './file-slices.ts';
import { isFolder, shardHeader, shardsOf } from './folder.ts';
import { readFooter } from './parquet/footer.ts';
import { damaged } from './problems.ts';

export interface SurveyOptions {
  /** Of reading; then the pass ends at the next row. */
  readonly milliseconds: number;
  /** Rows kept, at most. */
  readonly most: number;
  /** Of all kept rows together, by `sizeOf`; a row that is larger by itself is not kept. */
  readonly mostBytes: number;
  readonly sizeOf: (row: DatasetRow) => number;
}

export interface Survey {
  /** False where the pass ended early: the three numbers are then extrapolated. */
  readonly exact: boolean;
  /** Samples, bad rows too. */
  readonly rows: number;
  /** Rows of the source. */
  readonly sourceRows: number;
  readonly badRowCount: number;
  /** The first that were seen. */
  readonly badRows: readonly BadRow[];
  /** Good rows, in their order. */
  readonly sample: readonly DatasetRow[];
}

const KEPT_BAD_ROWS = 20;

/** Throws what reading the dataset throws. */
export async function surveyDataset(dataset: Dataset, options: SurveyOptions): Promise<Survey> {
  const clock = new Clock(options.milliseconds);
  const sample = new SpreadSample(options);
  const badRows: BadRow[] = [];
  let [rows, sourceRows, badRowCount] = [0, 0, 0];
  let exact = true;
  // Of Parquet all bytes would be shown before the first row: its files tell their rows.
  const isParquet = dataset.format === 'parquet';
  for await (const row of dataset.rows(0, isParquet ? {} : { tap: clock.tap })) {
    // A row of the source may give several samples: all of the last one are counted.
    if (row.sourceRow === sourceRows && rows > 0 && clock.isTime(!isParquet)) {
      exact = false;
      break;
    }
    rows++;
    sourceRows = row.sourceRow + 1;
    if (!isBadRow(row)) sample.offer(row);
    else if (++badRowCount <= KEPT_BAD_ROWS) badRows.push(row);
  }
  const [whole, seen] = isParquet ? [toldRows, sourceRows] : [sizeOf, clock.bytes];
  const share = exact ? 1 : Math.max(1, (await whole(dataset.path)) / Math.max(1, seen));
  const extrapolated = (count: number): number => Math.round(count * share);
  return {
    exact,
    rows: extrapolated(rows),
    sourceRows: extrapolated(sourceRows),
    badRowCount: extrapolated(badRowCount),
    badRows,
    sample: sample.rows(),
  };
}

/** When to end, and the bytes of the rows until then: files are read in large chunks, so it ends between two of them. */
class Clock {
  readonly #end: number;
  readonly #latest: number;
  #before = 0;
  #bytes = 0;
  #isNew = false;

  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds;
    // A chunk of a compressed file may hold any number of rows.
    this.#latest = this.#end + 2 * milliseconds;
  }

  /** Of the chunks whose rows were seen; all of one that was not yet done with. */
  get bytes(): number {
    return this.#isNew ? this.#before : this.#bytes;
  }

  readonly tap = (chunk: Uint8Array): void => {
    this.#before = this.#bytes;
    this.#bytes += chunk.byteLength;
    this.#isNew = true;
  };

  isTime(betweenChunks: boolean): boolean {
    const now = performance.now();
    const isBetween = !betweenChunks || (this.#isNew && this.#before > 0);
    if (now > this.#latest || (now > this.#end && isBetween)) return true;
    this.#isNew = false;
    return false;
  }
}

/**
 * Evenly spaced items of a stream of unknown length: every n-th is kept, and n doubles whenever there are too many. At the
 * end there are more than half as many as are wanted, but for what is passed over as too large.
 */
class SpreadSample {
  readonly #options: SurveyOptions;
  #kept: { readonly row: DatasetRow; readonly size: number }[] = [];
  #bytes = 0;
  #every = 1;
  #offered = 0;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  offer(row: DatasetRow): void {
    if (this.#offered++ % this.#every !== 0) return;
    const { most, mostBytes, sizeOf: size } = this.#options;
    const item = { row, size: size(row) };
    if (item.size > mostBytes) return;
    this.#kept.push(item);
    this.#bytes += item.size;
    while (this.#kept.length > most || this.#bytes > mostBytes) this.#thin();
  }

  rows(): DatasetRow[] {
    return this.#kept.map(({ row }) => row);
  }

  #thin(): void {
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#bytes = this.#kept.reduce((sum, { size }) => sum + size, 0);
    this.#every *= 2;
  }
}

/** As `tap` counts: the bytes of a file, or those of a folder's files with the lines before them. */
async function sizeOf(path: string): Promise<number> {
  if (!(await isFolder(path))) return (await stat(path)).size;
  const headers = await Promise.all((await shardsOf(path)).map(shardHeader));
  return headers.reduce((sum, { bytes, size }) => sum + bytes.byteLength + size, 0);
}

/** Of the source, as the footers of a Parquet file or of a folder's files tell them. */
async function toldRows(path: string): Promise<number> {
  let rows = 0;
  const files = (await isFolder(path)) ? (await shardsOf(path)).map((shard) => shard.path) : [path];
  for (const name of files) {
    const file = await FileSlices.open(name);
    try {
      rows += (await readFooter(file)).groups.reduce((sum, group) => sum + group.rows, 0);
    } catch (error) {
      throw error instanceof ReptraceError ? error : damaged(name, 'Parquet', error);
    } finally {
      await file.close();
    }
  }
  return rows;
}
