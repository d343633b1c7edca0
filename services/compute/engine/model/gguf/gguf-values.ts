/**
 * Metadata values of a GGUF file: numbers, flags, strings and arrays of them.
 * Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { quoteName } from '../safetensors.ts';
import { ggufInvalid, type GgufCursor } from './gguf-cursor.ts';

export interface GgufArray {
  readonly length: number;
  /** null for a long array that nothing here reads, which is checked and passed over. */
  readonly items: readonly GgufValue[] | null;
}

/** A 64-bit number is a bigint where a double cannot hold it. */
export type GgufValue = number | bigint | boolean | string | GgufArray;

/** Longer arrays are nothing that a config is made of. */
const MAX_KEPT_ITEMS = 4096;
/** The tokenizer's arrays: of the largest published ones, tokens and merges have some 260 000 and 520 000 items. */
const VOCABULARY = new Set(
  ['tokens', 'scores', 'token_type', 'merges'].map((name) => `tokenizer.ggml.${name}`),
);
const MAX_VOCABULARY_ITEMS = 1 << 21;
/** The specification allows arrays in arrays; nobody writes more than two deep. */
const MAX_DEPTH = 4;

const STRING = 8;
const ARRAY = 9;
/** Bytes of a value of each type, by its number; of those without a fixed size, the fewest. */
const SIZES: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
  ...{ [STRING]: 8, [ARRAY]: 12 },
};

/** A value, after the number of its type. */
export function readGgufValue(cursor: GgufCursor, key: string): GgufValue {
  return readValue(cursor, cursor.uint32(), key, 0, true);
}

function readValue(cursor: GgufCursor, type: number, key: string, depth: number, keep: boolean): GgufValue {
  switch (type) {
    case 0:
      return cursor.uint8();
    case 1:
      return cursor.int8();
    case 2:
      return cursor.uint16();
    case 3:
      return cursor.int16();
    case 4:
      return cursor.uint32();
    case 5:
      return cursor.int32();
    case 6:
      return cursor.float32();
    case 7:
      return readFlag(cursor, key);
    case STRING: {
      const bytes = cursor.stringBytes();
      return keep ? readText(bytes, key) : '';
    }
    case ARRAY:
      return readArray(cursor, key, depth, keep);
    case 10:
      return exact(cursor.uint64());
    case 11:
      return exact(cursor.int64());
    case 12:
      return cursor.float64();
    default:
      throw unknownType(type, key);
  }
}

function readArray(cursor: GgufCursor, key: string, depth: number, keep: boolean): GgufArray {
  if (depth === MAX_DEPTH) throw ggufInvalid(`nests arrays deeper than ${MAX_DEPTH} in ${quoteName(key)}`);
  const type = cursor.uint32();
  const size = SIZES[type];
  if (size === undefined) throw unknownType(type, key);
  const length = cursor.count(`items in ${quoteName(key)}`, size);
  if (keep && length <= (VOCABULARY.has(key) ? MAX_VOCABULARY_ITEMS : MAX_KEPT_ITEMS)) {
    const items: GgufValue[] = [];
    for (let i = 0; i < length; i++) items.push(readValue(cursor, type, key, depth + 1, true));
    return { length, items };
  }
  if (type !== STRING && type !== ARRAY) cursor.skip(length * size);
  else for (let i = 0; i < length; i++) readValue(cursor, type, key, depth + 1, false);
  return { length, items: null };
}

/** Tokens are texts, and no others must be made of them. What a config is made of is checked where it is used. */
function readText(bytes: Uint8Array, key: string): string {
  const decoder = VOCABULARY.has(key) ? strict : lenient;
  try {
    return decoder.decode(bytes);
  } catch {
    throw ggufInvalid(`has a text in ${quoteName(key)} that is not UTF-8`);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

function readFlag(cursor: GgufCursor, key: string): boolean {
  const byte = cursor.uint8();
  if (byte > 1) throw ggufInvalid(`gives ${quoteName(key)} a flag that is neither 0 nor 1`);
  return byte === 1;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function unknownType(type: number, key: string): Error {
  return ggufInvalid(`gives ${quoteName(key)} a value of the unknown type ${type}`);
}
