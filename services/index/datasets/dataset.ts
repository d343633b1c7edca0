/**
 * What a dataset is to the index: samples of prompt and response, numbered from 0 in the order of the file; `row` is a
 * sample's number wherever the index speaks of one. Mostly a row of the source is one sample, and has the same number. Where
 * it may give several (a chat's turns, a text's windows) `sourceRow` and `part` tell where a sample comes from. Numbers count
 * bad rows too, so that a row keeps its number when a bad one before it is passed over: a bad row of the source counts as one
 * sample. Blank lines and a CSV's header are not rows.
 */
import type { ChatTurn, RawWindow } from '../../../lib/mesh/compute-messages.ts';
import type { ColumnChoice, ResolvedColumns } from './columns.ts';

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Where in the source a sample is from. */
export interface Origin {
  /** 1-based line of the file where the source's row starts; in files that have no lines, the row's number plus one. */
  readonly line: number;
  /** Number of the source's row, from 0. */
  readonly sourceRow: number;
  /** Which of the row's samples it is, from 0; null where the dataset's rows are one sample each. */
  readonly part: number | null;
}

export interface DatasetRow extends Origin {
  readonly row: number;
  /** Turns before the prompt's; none but in a chat. */
  readonly context: readonly ChatTurn[];
  readonly prompt: string;
  readonly response: string;
  /** Set for a window of plain text: prompt and response are its halves. */
  readonly raw: RawWindow | null;
  readonly label: string | null;
  /** The other columns. Own keys only; a key may be any text, `__proto__` too. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
}

/** `part` is null when the source's row as a whole is bad. */
export interface BadRow extends Origin {
  readonly row: number;
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

/**
 * The bytes that a reading is about: the first `bytes` of the file, with this SHA-256. Those of a folder are the bytes of its
 * files, each after a line with its name and size (dataset-bytes.ts). Only plain text may have more behind them.
 */
export interface ExpectedBytes {
  readonly digest: string;
  readonly bytes: number;
}

export interface Dataset {
  /** A file or a folder. */
  readonly path: string;
  /** Name of the format: jsonl, csv, tsv, json, parquet, arrow; with .gz or .zst behind it where it was compressed. */
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
  /** From 0; over all files of a folder. */
  readonly row: number;
  /** As in `Origin`. */
  readonly line: number;
  /**
   * Offset in the file up to which the record depends on the bytes; its line end is not counted. Says something of plain text
   * alone: 0 where the format is not `appendable`.
   */
  readonly end: number;
  /** The values by column, or why there are none. */
  readonly content: RecordContent;
}

export type RecordContent = { readonly values: ReadonlyMap<string, JsonValue> } | { readonly reason: string };

export interface ReadRequest {
  /** First row wanted; those before it are counted and not parsed. */
  readonly from: number;
  readonly maxRowBytes: number;
  /** Nothing behind this offset is read. What is not `appendable` must end there: DATASET_CHANGED otherwise. */
  readonly limit?: number | undefined;
  /** Sees all bytes up to the limit, those of rows that are passed over too. */
  readonly tap?: Tap | undefined;
  /** Number of the file's first row (0): the files of a folder go on counting. */
  readonly firstRow?: number | undefined;
  /** How messages name the file, where not by its path. */
  readonly name?: string | undefined;
}

/** Records, and at the end the number that a row behind the last one would have. */
export type Records = AsyncGenerator<SourceRecord, number, undefined>;

/** How a path is read: a file of some format, compressed or not, or a folder of such files (formats.ts). */
export interface DatasetFormat {
  readonly name: string;
  /** Whether rows may be added behind the bytes that are there without any of them being another. */
  readonly appendable: boolean;
  /** Throws DATASET_INVALID for what is wrong with the file as a whole. Holds a bounded part of the file at a time. */
  read(path: string, request: ReadRequest): Records;
}

/** What kind of file a name and the first bytes can say. */
export interface FileKind {
  readonly name: string;
  /** Lower case, with their dot. */
  readonly extensions: readonly string[];
  /** Why a file that begins so cannot be of this format, or null. */
  refuse(head: Uint8Array): string | null;
}

/** A format that is read from its first byte to its last, wherever these come from: one module each. */
export interface StreamFormat extends FileKind {
  /** As in `DatasetFormat`, for a file that is not compressed. */
  readonly appendable: boolean;
  /** @param path only for messages */
  parse(path: string, chunks: AsyncIterable<Uint8Array>, request: ReadRequest): Records;
}

export const DEFAULT_MAX_ROW_BYTES = 8 << 20;

export function isBadRow(row: DatasetRow | BadRow): row is BadRow {
  return 'reason' in row;
}
