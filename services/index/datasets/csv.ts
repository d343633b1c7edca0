/**
 * CSV and TSV with a header, UTF-8. Values are text. A column without a name is called after its place (`column 1`), as
 * tables are often written with a nameless index first. Lines with nothing on them are not rows.
 */
import type { ReptraceError } from '../../../lib/errors.ts';
import { CsvSplitter, splitFields } from './csv-splitter.ts';
import type { ReadRequest, RecordContent, Records, StreamFormat } from './dataset.ts';
import { invalidDataset, shown } from './problems.ts';
import { decodeUtf8, NOT_UTF8, textPieces, tooLongReason, type Piece } from './text-pieces.ts';

const MAX_COLUMNS = 10_000;

export const csv = separatedValues('csv', ['.csv'], ',');
export const tsv = separatedValues('tsv', ['.tsv'], '\t');

function separatedValues(name: string, extensions: readonly string[], delimiter: string): StreamFormat {
  return {
    name,
    extensions,

    appendable: true,

    refuse: () => null,

    async *parse(path: string, chunks: AsyncIterable<Uint8Array>, request: ReadRequest): Records {
      let header: readonly string[] | null = null;
      let row = request.firstRow ?? 0;
      for await (const piece of textPieces(chunks, new CsvSplitter(delimiter, request.maxRowBytes))) {
        if (piece.bytes?.byteLength === 0) continue;
        if (header === null) {
          header = headerOf(path, piece, delimiter, request.maxRowBytes);
          continue;
        }
        if (row >= request.from) {
          const { line, end } = piece;
          yield { row, line, end, content: contentOf(piece, header, delimiter, request.maxRowBytes) };
        }
        row++;
      }
      return row;
    },
  };
}

function contentOf(
  piece: Piece,
  header: readonly string[],
  delimiter: string,
  maxRowBytes: number,
): RecordContent {
  const fields = fieldsOf(piece, delimiter, maxRowBytes, header.length);
  if (typeof fields === 'string') return { reason: fields };
  const [found, named] = [fields.length, header.length];
  if (found !== named) {
    return { reason: `the header has ${named} fields, and this row ${found > named ? 'more' : found}` };
  }
  return { values: new Map(header.map((name, i) => [name, fields[i]])) };
}

/** Or why there are none. Nothing is thrown for it: a wrong file may have millions of such rows. */
function fieldsOf(piece: Piece, delimiter: string, maxRowBytes: number, most: number): string[] | string {
  const { line, lastLine, bytes, problem } = piece;
  const lines = lastLine > line ? ` (lines ${line} to ${lastLine})` : '';
  if (problem !== null) return problem + lines;
  if (bytes === null) return `${tooLongReason(maxRowBytes)}${lines}; a quote may have been left open`;
  const text = decodeUtf8(bytes);
  return text === null ? NOT_UTF8 : splitFields(text, delimiter, most);
}

/** Throws DATASET_INVALID. */
function headerOf(path: string, piece: Piece, delimiter: string, maxRowBytes: number): readonly string[] {
  const fields = fieldsOf(piece, delimiter, maxRowBytes, MAX_COLUMNS);
  if (typeof fields === 'string') throw badHeader(path, piece, fields);
  if (fields.length > MAX_COLUMNS) throw badHeader(path, piece, `it has more than ${MAX_COLUMNS} columns`);
  const names = fields.map((field, i) => (field === '' ? `column ${i + 1}` : field));
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw badHeader(path, piece, `the column ${shown(twice)} is there twice`);
  return names;
}

function badHeader(path: string, { line }: Piece, why: string): ReptraceError {
  return invalidDataset(
    `the header of ${path} (line ${line}) is wrong: ${why}`,
    'Begin the file with the names of its columns.',
  );
}
