/** The formats known, and the choice of one: by the file's extension, unless its first bytes say otherwise. */
import { extname } from 'node:path';
import { csv, tsv } from './csv.ts';
import type { DatasetFormat } from './dataset.ts';
import { fileChunks } from './file-chunks.ts';
import { jsonl } from './jsonl.ts';
import { invalidDataset, shown } from './problems.ts';

export const FORMATS: readonly DatasetFormat[] = [jsonl, csv, tsv];

const HEAD_BYTES = 4096;

/** How files begin that are often given a text file's name. */
const OTHERS: readonly (readonly [string, readonly number[]])[] = [
  ['it is UTF-16 text, not UTF-8', [0xff, 0xfe]],
  ['it is UTF-16 text, not UTF-8', [0xfe, 0xff]],
  ['it is compressed with gzip', [0x1f, 0x8b]],
  ['it is compressed with zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['it is a zip archive (spreadsheets are)', [0x50, 0x4b, 0x03, 0x04]],
  ['it is a Parquet file', [...Buffer.from('PAR1')]],
  ['it is an Arrow file', [...Buffer.from('ARROW1')]],
];

/** Throws DATASET_INVALID, and what `fileChunks` throws. */
export async function formatOf(path: string): Promise<DatasetFormat> {
  let head: Uint8Array = new Uint8Array(0);
  for await (const chunk of fileChunks(path, HEAD_BYTES)) head = Buffer.concat([head, chunk]);
  const extension = extname(path).toLowerCase();
  const format = FORMATS.find(({ extensions }) => extensions.includes(extension));
  if (format === undefined) {
    throw invalidDataset(
      `${path} has ${extension === '' ? 'no extension' : `the extension ${shown(extension)}`}, which says no format that is known`,
      `Give the file one of these extensions: ${FORMATS.flatMap(({ extensions }) => extensions).join(', ')}.`,
    );
  }
  const refused =
    OTHERS.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0] ?? format.refuse(head);
  if (refused === null) return format;
  throw invalidDataset(
    `${path} cannot be read as ${format.name}: ${refused}`,
    'Convert it to JSON lines or CSV, in UTF-8.',
  );
}
