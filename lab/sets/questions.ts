/** Reads questions from a column of a table. Tables are often written with a first column that the header says nothing of: it is passed over. */
import { formatOf } from '../../services/index/datasets/formats.ts';
import { CsvSplitter, splitFields } from '../../services/index/datasets/csv-splitter.ts';
import { fileChunks } from '../../services/index/datasets/file-chunks.ts';
import { badRowError, invalidDataset, shown, shownList } from '../../services/index/datasets/problems.ts';
import {
  decodeUtf8,
  NOT_UTF8,
  textPieces,
  tooLongReason,
} from '../../services/index/datasets/text-pieces.ts';

const MAX_ROW_BYTES = 1 << 20;
const MAX_COLUMNS = 1000;
const MAX_QUESTIONS = 100_000;
/** UTF-16 units of all together. */
const MAX_CHARACTERS = 1 << 26;
/** Of texts: the other formats name every column. */
const DELIMITERS: ReadonlyMap<string, string> = new Map([
  ['csv', ','],
  ['tsv', '\t'],
]);

interface Cell {
  /** 1-based; in files without lines the row's number plus one. */
  readonly line: number;
  /** What the column has, or why there is none. */
  readonly value: unknown;
  readonly reason: string | null;
}

/**
 * Each once, in the order of the file. A CSV whose rows all have one field more than its header begins with a column that has
 * no name, as tables with row names are written.
 *
 * @param file CSV, TSV, JSON lines, Arrow or Parquet
 * Throws DATASET_NOT_FOUND; DATASET_INVALID for a file that cannot be read, without the column, or with a row that has no text
 * in it.
 */
export async function readQuestions(file: string, column: string): Promise<string[]> {
  const format = await formatOf(file);
  const delimiter = DELIMITERS.get(format.name);
  const cells = delimiter === undefined ? ofFormat(file, format, column) : ofText(file, delimiter, column);
  const questions = new Set<string>();
  let characters = 0;
  let row = 0;
  for await (const { line, value, reason } of cells) {
    if (reason !== null) throw badRow(file, line, row, reason);
    if (typeof value !== 'string' || value.trim() === '')
      throw badRow(file, line, row, `it has no text in ${shown(column)}`);
    questions.add(value);
    characters += value.length;
    row++;
    if (row > MAX_QUESTIONS || characters > MAX_CHARACTERS) {
      throw invalidDataset(
        `${file} has more than ${MAX_QUESTIONS} questions, or more than ${MAX_CHARACTERS} characters`,
        'An evaluation set asks some hundred questions: give a part of the file.',
      );
    }
  }
  return [...questions];
}

async function* ofFormat(
  file: string,
  format: Awaited<ReturnType<typeof formatOf>>,
  column: string,
): AsyncGenerator<Cell> {
  for await (const { line, content } of format.read(file, { from: 0, maxRowBytes: MAX_ROW_BYTES })) {
    if ('reason' in content) yield { line, value: null, reason: content.reason };
    else yield { line, value: content.values.get(column), reason: null };
  }
}

async function* ofText(file: string, delimiter: string, column: string): AsyncGenerator<Cell> {
  let header: readonly string[] | null = null;
  let width: number | null = null;
  const splitter = new CsvSplitter(delimiter, MAX_ROW_BYTES);
  for await (const { line, bytes, problem } of textPieces(fileChunks(file), splitter)) {
    if (bytes?.byteLength === 0) continue;
    const text = bytes === null ? null : decodeUtf8(bytes);
    if (bytes === null || text === null || problem !== null) {
      const reason = problem ?? (bytes === null ? tooLongReason(MAX_ROW_BYTES) : NOT_UTF8);
      yield { line, value: null, reason };
      return;
    }
    if (header === null) {
      header = splitFields(text, delimiter, MAX_COLUMNS);
      if (!header.includes(column)) throw noColumn(file, column, header);
      continue;
    }
    const fields = splitFields(text, delimiter, header.length + 1);
    width ??= fields.length === header.length + 1 ? fields.length : header.length;
    const isWhole = fields.length === width;
    const reason = isWhole ? null : `it has ${fields.length} fields, and ${width} were looked for`;
    yield { line, value: fields[header.indexOf(column) + (width - header.length)], reason };
  }
}

function noColumn(file: string, column: string, header: readonly string[]): Error {
  return invalidDataset(
    `${file} has no column ${shown(column)}`,
    `Name another in poison.queries.column; its header has ${shownList(header)}.`,
  );
}

function badRow(file: string, line: number, row: number, reason: string): Error {
  return badRowError(file, { row, line, reason, sourceRow: row, part: null });
}
