/**
 * What a dataset is to the index: rows of prompt and response, numbered from 0 in the order of the file. Row numbers count
 * bad rows too, so that a row keeps its number when a bad one before it is passed over. Blank lines and a CSV's header are
 * not rows.
 */
import type { ColumnChoice, ResolvedColumns } from './columns.ts';

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface DatasetRow {
  readonly row: number;
  /** 1-based line of the file where the row starts. */
  readonly line: number;
  readonly prompt: string;
  readonly response: string;
  readonly label: string | null;
  /** The other columns. Own keys only; a key may be any text, `__proto__` too. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
}

export interface BadRow {
  readonly row: number;
  readonly line: number;
  readonly reason: string;
}

export interface DatasetOptions {
  /** Names of columns; what is left out is guessed (see columns.ts). */
  readonly columns?: ColumnChoice | undefined;
  /** The columns that an earlier opening resolved: nothing is guessed, so that appended rows are read as the first were. */
  readonly resolved?: ResolvedColumns | undefined;
  /** A row longer than this is a bad row. */
  readonly maxRowBytes?: number | undefined;
}

/** The bytes that a reading is about: the first `bytes` of the file, with this SHA-256. */
export interface ExpectedBytes {
  readonly digest: string;
  readonly bytes: number;
}

export interface Dataset {
  readonly path: string;
  /** Name of the format: jsonl, csv, tsv. */
  readonly format: string;
  readonly columns: ResolvedColumns;
  /**
   * Rows from number `from` on, read as they are asked for; each call reads the file anew.
   * Throws DATASET_INVALID when the file cannot be read any more, DATASET_NOT_FOUND when it is gone, DATASET_CHANGED as below.
   */
  rows(from?: number, watch?: Watch): AsyncIterable<DatasetRow | BadRow>;
}

export interface Watch {
  /**
   * Only these first bytes are read, and DATASET_CHANGED is thrown at their end if they are others: what was read until then
   * does not count.
   */
  readonly expected?: ExpectedBytes | undefined;
  readonly tap?: Tap | undefined;
}

/** Is shown every byte that is read, once, in order; the bytes are only valid during the call. */
export type Tap = (chunk: Uint8Array) => void;

/** One record as a format finds it, before columns have a meaning. */
export interface SourceRecord {
  readonly row: number;
  readonly line: number;
  /** Offset in the file up to which the record depends on the bytes; its line end is not counted. */
  readonly end: number;
  /** The values by column, or why there are none. */
  readonly content: { readonly values: ReadonlyMap<string, JsonValue> } | { readonly reason: string };
}

export interface ReadRequest {
  /** First row wanted; those before it are counted and not parsed. */
  readonly from: number;
  readonly maxRowBytes: number;
  /** Nothing behind this offset is read. */
  readonly limit?: number | undefined;
  /** Sees all bytes up to the limit, those of rows that are passed over too. */
  readonly tap?: Tap | undefined;
}

/** A file format: one module each, listed in formats.ts. */
export interface DatasetFormat {
  readonly name: string;
  /** Lower case, with their dot. */
  readonly extensions: readonly string[];
  /** Why a file that begins so cannot be of this format, or null. */
  refuse(head: Uint8Array): string | null;
  /** Throws DATASET_INVALID for what is wrong with the file as a whole. Holds a bounded part of the file at a time. */
  read(path: string, request: ReadRequest): AsyncIterable<SourceRecord>;
}

export const DEFAULT_MAX_ROW_BYTES = 8 << 20;

export function isBadRow(row: DatasetRow | BadRow): row is BadRow {
  return 'reason' in row;
}
