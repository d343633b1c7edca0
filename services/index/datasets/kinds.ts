/** The kinds of files known, and which of them a file is: by its first bytes where they tell, by its name otherwise. */
import { extname } from 'node:path';
import { arrowFile } from './arrow-file.ts';
import { arrowStream } from './arrow-stream.ts';
import { csv, tsv } from './csv.ts';
import type { DatasetFormat, FileKind, StreamFormat } from './dataset.ts';
import { jsonList } from './json-list.ts';
import { jsonl } from './jsonl.ts';
import { parquet } from './parquet.ts';
import { invalidDataset, shown } from './problems.ts';

/** Of two with the same extension the first that fits is taken. */
export const STREAMS: readonly StreamFormat[] = [jsonList, jsonl, csv, tsv, arrowStream];
export const SLICED: readonly (DatasetFormat & FileKind)[] = [parquet, arrowFile];
const KINDS: readonly FileKind[] = [...STREAMS, ...SLICED];

/** What other files begin with that are often given a known name. */
const OTHERS: readonly (readonly [string, readonly number[]])[] = [
  ['it is UTF-16 text, not UTF-8', [0xff, 0xfe]],
  ['it is UTF-16 text, not UTF-8', [0xfe, 0xff]],
  ['it is a zip archive (spreadsheets are)', [0x50, 0x4b, 0x03, 0x04]],
  ['it is a Parquet file that is encrypted', [...Buffer.from('PARE')]],
  ['it is a Feather file of the first version', [...Buffer.from('FEA1')]],
  ['it is compressed with bzip2', [...Buffer.from('BZh')]],
  ['it is compressed with xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['it is compressed with lz4', [0x04, 0x22, 0x4d, 0x18]],
];

/** These say what they are in their first bytes, whatever their name. */
const TOLD_BY_HEAD: readonly FileKind[] = [parquet, arrowFile, arrowStream];

/**
 * @param head the first bytes, not compressed
 * Throws DATASET_INVALID for what is of no kind known, or only named so.
 */
export function kindOf(name: string, head: Uint8Array): FileKind {
  const kind = toldBy(head) ?? namedAs(name, head);
  const refused = OTHERS.find(([, magic]) => startsWith(head, magic))?.[0] ?? kind.refuse(head);
  if (refused === null) return kind;
  throw invalidDataset(
    `${name} cannot be read as ${kind.name}: ${head.byteLength === 0 ? 'it is empty' : refused}`,
    'Convert it to JSON lines, CSV, Parquet or Arrow; text in UTF-8.',
  );
}

function toldBy(head: Uint8Array): FileKind | undefined {
  return TOLD_BY_HEAD.find((kind) => kind.refuse(head) === null);
}

function namedAs(name: string, head: Uint8Array): FileKind {
  const extension = kindExtension(name);
  const kinds = KINDS.filter(({ extensions }) => extensions.includes(extension));
  const fitting = kinds.find((kind) => kind.refuse(head) === null) ?? kinds[0];
  if (fitting !== undefined) return fitting;
  throw invalidDataset(
    `${name} has ${extension === '' ? 'no extension' : `the extension ${shown(extension)}`}, which says no format that is known`,
    `Give the file one of these extensions: ${EXTENSIONS.join(', ')}; .gz or .zst may follow.`,
  );
}

const EXTENSIONS: readonly string[] = [...new Set(KINDS.flatMap(({ extensions }) => extensions))];
const COMPRESSED = /\.(?:gz|gzip|zst|zstd)$/i;

/** Without that of compression. */
export function kindExtension(name: string): string {
  return extname(name.replace(COMPRESSED, '')).toLowerCase();
}

/** Whether a file's name is that of a dataset. */
export function isDataName(name: string): boolean {
  return EXTENSIONS.includes(kindExtension(name));
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => head[i] === byte);
}
