/**
 * The values of a page, read one after the other: what a page claims to hold is not in memory before it is asked for.
 * Format: apache/parquet-format, Encodings.md.
 */
import { DeltaReader } from './delta.ts';
import { HybridReader } from './hybrid.ts';
import { TYPE, type Raw } from './leaf-values.ts';
import type { Leaf } from './schema.ts';

/** Throws an Error when there is none. Bytes stay valid. */
export type NextValue = () => Raw;

/** A value by its place. */
export type Dictionary = (place: number) => Raw;

const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  runs: 3,
  deltaNumbers: 5,
  deltaLengths: 6,
  deltaStrings: 7,
  dictionary: 8,
  byteStreams: 9,
} as const;

/** Strings written by what they share with the one before: what a page of them becomes is bounded as a page is. */
const MAX_STRING_BYTES = 128 << 20;
const CUT_OFF = 'values are cut off';

/**
 * @param bytes the page's values, unpacked
 * @param dictionary null where the column has none
 * Throws an Error, as the reader does.
 */
export function pageValues(
  bytes: Uint8Array,
  encoding: number | undefined,
  leaf: Leaf,
  dictionary: Dictionary | null,
): NextValue {
  switch (encoding ?? -1) {
    case ENCODING.plain:
      return plainValues(bytes, leaf);
    case ENCODING.plainDictionary:
    case ENCODING.dictionary: {
      if (dictionary === null) throw new Error('a page needs a dictionary, and there is none');
      // Of a page of nulls alone nothing need be there.
      if (bytes.byteLength === 0) return none;
      const places = new HybridReader(bytes.subarray(1), bytes[0]);
      return () => dictionary(places.next());
    }
    case ENCODING.runs: {
      if (leaf.type !== TYPE.boolean) break;
      const bits = new HybridReader(prefixed(bytes, 0), 1);
      return () => bits.next() === 1;
    }
    case ENCODING.deltaNumbers: {
      if (leaf.type !== TYPE.int32 && leaf.type !== TYPE.int64) break;
      const deltas = new DeltaReader(bytes, 0);
      return leaf.type === TYPE.int64 ? () => deltas.next() : () => Number(BigInt.asIntN(32, deltas.next()));
    }
    case ENCODING.deltaLengths:
      if (leaf.type !== TYPE.bytes) break;
      return lengthStrings(bytes, 0);
    case ENCODING.deltaStrings:
      if (leaf.type !== TYPE.bytes && leaf.type !== TYPE.fixedBytes) break;
      return sharedStrings(bytes);
    case ENCODING.byteStreams:
      return streamedValues(bytes, leaf);
  }
  throw new Error(
    `the column ${leaf.path.join('.').slice(0, 60)} is written in a way that is not known (${encoding ?? 'none'})`,
  );
}

/** Of the page that holds a dictionary. Throws an Error. */
export function dictionaryOf(bytes: Uint8Array, leaf: Leaf): Dictionary {
  const { type } = leaf;
  if (type === TYPE.boolean) throw new Error('a dictionary of booleans is none');
  if (type !== TYPE.bytes) {
    const width = widthOf(leaf);
    const read = fixedReader(bytes, leaf);
    return (place) => read(place * width);
  }
  const starts = startsOf(bytes);
  return (place) => {
    if (place >= starts.length) throw new Error('a value stands for none of its dictionary');
    return prefixed(bytes, starts[place]);
  };
}

/** Where each of the strings begins: four bytes for one, which takes as many itself. */
function startsOf(bytes: Uint8Array): Uint32Array {
  const next = (at: number): number => at + 4 + lengthAt(bytes, at);
  let [count, end] = [0, 0];
  for (; end < bytes.byteLength; count++) end = next(end);
  if (end > bytes.byteLength) throw new Error(CUT_OFF);
  const starts = new Uint32Array(count);
  for (let i = 1; i < count; i++) starts[i] = next(starts[i - 1]);
  return starts;
}

function none(): never {
  throw new Error(CUT_OFF);
}

function plainValues(bytes: Uint8Array, leaf: Leaf): NextValue {
  let at = 0;
  switch (leaf.type) {
    case TYPE.boolean:
      return () => {
        if (at >= 8 * bytes.byteLength) throw new Error(CUT_OFF);
        const bit = (bytes[at >> 3] >> (at & 7)) & 1;
        at++;
        return bit === 1;
      };
    case TYPE.bytes:
      return () => {
        const value = prefixed(bytes, at);
        at += 4 + value.byteLength;
        return value;
      };
    default: {
      const width = widthOf(leaf);
      const read = fixedReader(bytes, leaf);
      return () => read((at += width) - width);
    }
  }
}

/** All first bytes, then all second ones, and so on. */
function streamedValues(bytes: Uint8Array, leaf: Leaf): NextValue {
  const width = widthOf(leaf);
  const count = bytes.byteLength / width;
  if (!Number.isInteger(count)) throw new Error(CUT_OFF);
  const value = new Uint8Array(width);
  let at = 0;
  return () => {
    if (at >= count) throw new Error(CUT_OFF);
    for (let i = 0; i < width; i++) value[i] = bytes[i * count + at];
    at++;
    return fixedReader(Uint8Array.from(value), leaf)(0);
  };
}

function widthOf(leaf: Leaf): number {
  switch (leaf.type) {
    case TYPE.int32:
    case TYPE.float:
      return 4;
    case TYPE.int64:
    case TYPE.double:
      return 8;
    case TYPE.int96:
      return 12;
    case TYPE.fixedBytes:
      if (leaf.width > 0) return leaf.width;
  }
  throw new Error(`the column ${leaf.path.join('.').slice(0, 60)} is of a type that is not known`);
}

/** Values of one width, by where they begin. */
function fixedReader(bytes: Uint8Array, leaf: Leaf): (at: number) => Raw {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = widthOf(leaf);
  switch (leaf.type) {
    case TYPE.int32:
      return (at) => view.getInt32(at, true);
    case TYPE.int64:
      return (at) => view.getBigInt64(at, true);
    case TYPE.float:
      return (at) => view.getFloat32(at, true);
    case TYPE.double:
      return (at) => view.getFloat64(at, true);
    default:
      return (at) => {
        if (at + width > bytes.byteLength) throw new Error(CUT_OFF);
        return bytes.subarray(at, at + width);
      };
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.byteLength) throw new Error(CUT_OFF);
  return bytes[at] + bytes[at + 1] * 2 ** 8 + bytes[at + 2] * 2 ** 16 + bytes[at + 3] * 2 ** 24;
}

/** Bytes with their length before them. */
function prefixed(bytes: Uint8Array, at: number): Uint8Array {
  const end = at + 4 + lengthAt(bytes, at);
  if (end > bytes.byteLength) throw new Error(CUT_OFF);
  return bytes.subarray(at + 4, end);
}

function lengthStrings(bytes: Uint8Array, from: number): () => Uint8Array {
  const lengths = new DeltaReader(bytes, from);
  let at = lengths.end();
  return () => {
    const [begin, length] = [at, Number(lengths.next())];
    at += length;
    if (length < 0 || at > bytes.byteLength) throw new Error(CUT_OFF);
    return bytes.subarray(begin, at);
  };
}

function sharedStrings(bytes: Uint8Array): NextValue {
  const shared = new DeltaReader(bytes, 0);
  const nextOwn = lengthStrings(bytes, shared.end());
  let [before, made]: [Uint8Array, number] = [new Uint8Array(0), 0];
  return () => {
    const [length, own] = [Number(shared.next()), nextOwn()];
    if (length < 0 || length > before.byteLength) throw new Error('a value shares more than there is');
    made += length + own.byteLength;
    if (made > MAX_STRING_BYTES) throw new Error(`a page unpacks to more than ${MAX_STRING_BYTES} bytes`);
    before = length === 0 ? own : Buffer.concat([before.subarray(0, length), own]);
    return before;
  };
}
