/** What stands at the end of a Parquet file: its columns, and where their parts are. Format: parquet.thrift. */
import { checkRows } from '../binary-values.ts';
import type { FileSlices } from '../file-slices.ts';
import { decodeUtf8 } from '../text-pieces.ts';
import { UNPACK, type Unpack } from '../unpack.ts';
import type { ColumnChunk } from './pages.ts';
import { readSchema, type Leaf, type Schema } from './schema.ts';
import { readThrift, type Struct } from './thrift.ts';

/** A file of 10 GB in row groups of a thousand rows has some megabytes. */
const MAX_FOOTER_BYTES = 16 << 20;
/** The footer's size, and the magic bytes, which also begin the file. */
const TAIL_BYTES = 8;
const MAGIC_BYTES = 4;

/** By their numbers. */
const CODECS: readonly (Unpack | string | null)[] = [
  null,
  UNPACK.SNAPPY,
  UNPACK.GZIP,
  'LZO',
  UNPACK.BROTLI,
  UNPACK.LZ4,
  UNPACK.ZSTD,
  UNPACK.LZ4_RAW,
];

export interface PlacedChunk extends ColumnChunk {
  /** Offsets in the file. */
  readonly start: number;
  readonly end: number;
}

export interface RowGroup {
  readonly rows: number;
  /** In the order of the leaves. */
  readonly chunks: readonly PlacedChunk[];
}

export interface Footer extends Schema {
  readonly groups: readonly RowGroup[];
}

/** Throws an Error that says what is wrong with the file. */
export async function readFooter(file: FileSlices): Promise<Footer> {
  if (file.size < MAGIC_BYTES + TAIL_BYTES) throw new Error('it is cut off');
  const tail = await file.read(file.size - TAIL_BYTES, file.size);
  if (Buffer.from(tail.subarray(4)).toString('latin1') !== 'PAR1')
    throw new Error('it does not end as Parquet files do: it may have been cut off');
  const bytes = new DataView(tail.buffer).getUint32(0, true);
  if (bytes > file.size - TAIL_BYTES - MAGIC_BYTES) throw new Error('its footer is larger than the file');
  if (bytes > MAX_FOOTER_BYTES) throw new Error(`its footer has more than ${MAX_FOOTER_BYTES} bytes`);
  const { value } = readThrift(await file.read(file.size - TAIL_BYTES - bytes, file.size - TAIL_BYTES));
  const schema = readSchema(value.structs(2) ?? []);
  const groups = (value.structs(4) ?? []).map((group) => readGroup(group, schema, file.size));
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  checkRows(rows, file.size);
  if (schema.leaves.length === 0) throw new Error('it has no columns');
  const parts = groups.flatMap(({ chunks }) => chunks.map(({ start, end }) => end - start));
  if (parts.reduce((sum, bytes) => sum + bytes, 0) > file.size)
    throw new Error('its parts are larger than the file');
  return { ...schema, groups };
}

function readGroup(group: Struct, { leaves }: Schema, fileSize: number): RowGroup {
  const rows = group.long(3) ?? -1;
  const chunks = group.structs(1) ?? [];
  if (rows < 0) throw new Error('a row group does not say how many rows it has');
  if (chunks.length !== leaves.length) throw new Error('a row group has other columns than the file');
  return { rows, chunks: chunks.map((chunk, i) => readChunk(chunk, leaves[i], fileSize)) };
}

function readChunk(chunk: Struct, leaf: Leaf, fileSize: number): PlacedChunk {
  const name = leaf.path.join('.').slice(0, 60);
  if (chunk.has(1)) throw new Error(`the column ${name} is in another file`);
  if (chunk.has(8) || chunk.has(9)) throw new Error(`the column ${name} is encrypted`);
  const meta = chunk.struct(3);
  const path = meta?.byteStrings(3)?.map(decodeUtf8);
  if (meta === undefined || path?.join('\0') !== leaf.path.join('\0') || meta.int(1) !== leaf.type)
    throw new Error(`the column ${name} is not described as it should be`);
  const codec = CODECS[meta.int(4) ?? -1];
  if (codec === undefined || typeof codec === 'string')
    throw new Error(`the column ${name} is packed with ${codec ?? 'what is not known'}: write it with zstd`);
  const [entries, size] = [meta.long(5) ?? -1, meta.long(7) ?? -1];
  // Of no rows nothing need be written, and offsets say nothing.
  if (entries === 0) return { leaf, entries, unpack: codec, start: MAGIC_BYTES, end: MAGIC_BYTES };
  // Without a dictionary its offset is absent, or 0.
  const [values, dictionary] = [meta.long(9) ?? -1, meta.long(11) ?? 0];
  const start = dictionary > 0 ? Math.min(dictionary, values) : values;
  if (entries < 0 || size < 0 || start < MAGIC_BYTES || start + size > fileSize - TAIL_BYTES)
    throw new Error(`the column ${name} is not where it is said to be`);
  return { leaf, entries, unpack: codec, start, end: start + size };
}
