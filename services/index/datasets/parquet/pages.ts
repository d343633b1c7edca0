/** The pages of one column in one row group, one at a time. Format: apache/parquet-format, README.md and parquet.thrift. */
import type { ForwardReader } from '../file-slices.ts';
import type { Unpack } from '../unpack.ts';
import { bitWidth, HybridReader } from './hybrid.ts';
import { dictionaryOf, pageValues, type Dictionary, type NextValue } from './page-values.ts';
import type { Leaf } from './schema.ts';
import { CutOff, readThrift, type Struct } from './thrift.ts';

/** Those that programs write have about one; of rows of whole books a page of 1024 may have a hundred. */
const MAX_PAGE_BYTES = 128 << 20;
/** Statistics may stand in a header, and the longest values in them. */
const HEADER_BYTES = 1 << 10;
const MAX_HEADER_BYTES = 1 << 20;
const [DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2] = [0, 1, 2, 3];
/** The encoding of levels. */
const RUNS = 3;

/** An entry is a value, or the place where one is missing. */
export interface Page {
  readonly entries: number;
  /** Rows that begin in it. */
  readonly rows: number;
  /** Null where there are no levels to tell: each entry is a row, each entry is a value. */
  readonly repetitions: HybridReader | null;
  readonly definitions: HybridReader | null;
  readonly next: NextValue;
  /** In memory while it is read. */
  readonly bytes: number;
}

export interface ColumnChunk {
  readonly leaf: Leaf;
  /** Null where nothing is packed. */
  readonly unpack: Unpack | null;
  readonly entries: number;
}

/** Throws an Error for what is no page, and what unpacking throws. */
export async function* readPages(reader: ForwardReader, chunk: ColumnChunk): AsyncGenerator<Page> {
  let dictionary: Dictionary | null = null;
  let held = 0;
  for (let entries = 0; entries < chunk.entries;) {
    const header = await readHeader(reader);
    const [packedSize, size] = [sizeOf(header, 3), sizeOf(header, 2)];
    const packed = await reader.take(packedSize);
    switch (header.int(1) ?? -1) {
      case DICTIONARY_PAGE:
        dictionary = dictionaryOf(unpacked(packed, size, chunk.unpack), chunk.leaf);
        // With where its values begin, which takes as much again at most.
        held = 2 * size;
        break;
      case INDEX_PAGE:
        break;
      case DATA_PAGE: {
        const page = dataPage(unpacked(packed, size, chunk.unpack), header.struct(5), chunk.leaf, dictionary);
        entries += page.entries;
        yield { ...page, bytes: held + size };
        break;
      }
      case DATA_PAGE_V2: {
        const page = dataPageV2(packed, size, header.struct(8), chunk, dictionary);
        entries += page.entries;
        yield { ...page, bytes: held + size };
        break;
      }
      default:
        throw new Error('a page is of no known type');
    }
  }
}

async function readHeader(reader: ForwardReader): Promise<Struct> {
  for (let most = HEADER_BYTES; ; most *= 4) {
    const bytes = await reader.peek(Math.min(most, MAX_HEADER_BYTES));
    try {
      const { value, end } = readThrift(bytes);
      reader.skip(end);
      return value;
    } catch (error) {
      if (!(error instanceof CutOff) || most >= MAX_HEADER_BYTES || bytes.byteLength === reader.left)
        throw error;
    }
  }
}

function sizeOf(header: Struct, field: number): number {
  const size = header.int(field) ?? -1;
  if (size < 0) throw new Error('a page has no size');
  if (size > MAX_PAGE_BYTES) {
    throw new Error(`a page of ${size} bytes is larger than ${MAX_PAGE_BYTES}: write it with smaller pages`);
  }
  return size;
}

function unpacked(packed: Uint8Array, size: number, unpack: Unpack | null): Uint8Array {
  if (unpack !== null) return unpack(packed, size);
  if (packed.byteLength !== size) throw new Error('a page is of another size than it says');
  return packed;
}

type Unheld = Omit<Page, 'bytes'>;

function dataPage(
  bytes: Uint8Array,
  header: Struct | undefined,
  leaf: Leaf,
  dictionary: Dictionary | null,
): Unheld {
  const entries = countOf(header, 1);
  let at = 0;
  const levels = (most: number, encoding: number | undefined): Uint8Array | null => {
    if (most === 0) return null;
    if (encoding !== RUNS) throw new Error('levels are written in a way that is not known');
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
    at += 4 + length;
    if (at > bytes.byteLength) throw new Error('levels are cut off');
    return bytes.subarray(at - length, at);
  };
  const repetitions = levels(leaf.maxRepetition, header?.int(4));
  const definitions = levels(leaf.maxDefinition, header?.int(3));
  return {
    ...{ entries, ...levelsOf(repetitions, definitions, entries, leaf) },
    next: pageValues(bytes.subarray(at), header?.int(2), leaf, dictionary),
  };
}

/** Levels stand before the values, and are never packed. */
function dataPageV2(
  bytes: Uint8Array,
  size: number,
  header: Struct | undefined,
  { leaf, unpack }: ColumnChunk,
  dictionary: Dictionary | null,
): Unheld {
  const entries = countOf(header, 1);
  const [repetitionBytes, definitionBytes] = [countOf(header, 6), countOf(header, 5)];
  const levelBytes = repetitionBytes + definitionBytes;
  if (levelBytes > Math.min(bytes.byteLength, size)) throw new Error('levels are cut off');
  const repetitions = leaf.maxRepetition === 0 ? null : bytes.subarray(0, repetitionBytes);
  const definitions = leaf.maxDefinition === 0 ? null : bytes.subarray(repetitionBytes, levelBytes);
  const packed = header?.flag(7) !== false;
  const values = unpacked(bytes.subarray(levelBytes), size - levelBytes, packed ? unpack : null);
  return {
    ...{ entries, ...levelsOf(repetitions, definitions, entries, leaf) },
    next: pageValues(values, header?.int(4), leaf, dictionary),
  };
}

function levelsOf(
  repetitions: Uint8Array | null,
  definitions: Uint8Array | null,
  entries: number,
  leaf: Leaf,
): Pick<Page, 'rows' | 'repetitions' | 'definitions'> {
  const reader = (bytes: Uint8Array | null, most: number): HybridReader | null =>
    bytes === null ? null : new HybridReader(bytes, bitWidth(most));
  const counted = reader(repetitions, leaf.maxRepetition);
  return {
    rows: counted === null ? entries : counted.count(0, entries),
    repetitions: reader(repetitions, leaf.maxRepetition),
    definitions: reader(definitions, leaf.maxDefinition),
  };
}

function countOf(header: Struct | undefined, field: number): number {
  const count = header?.int(field) ?? -1;
  if (count < 0) throw new Error('a page does not say what it holds');
  return count;
}
