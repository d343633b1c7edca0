/** What a value of a Parquet column means: apache/parquet-format, LogicalTypes.md and, for older files, converted types. */
import {
  BadValue,
  bigIntOf,
  dateValue,
  decimalValue,
  floatValue,
  halfFloat,
  textValue,
  timestampValue,
  timeValue,
  wholeValue,
  type RowBudget,
  type TimeUnit,
} from '../binary-values.ts';
import type { JsonValue } from '../dataset.ts';
import type { Struct } from './thrift.ts';

/** As the pages hold it: INT32, FLOAT and DOUBLE as numbers, INT64 as bigint, the others as bytes. */
export type Raw = boolean | number | bigint | Uint8Array;

export const TYPE = {
  boolean: 0,
  int32: 1,
  int64: 2,
  int96: 3,
  float: 4,
  double: 5,
  bytes: 6,
  fixedBytes: 7,
} as const;

type Meaning =
  | { readonly is: 'plain' | 'unsigned' | 'float' | 'date' | 'uuid' | 'half' | 'int96' | 'interval' }
  | { readonly is: 'time' | 'timestamp'; readonly unit: TimeUnit; readonly utc: boolean }
  | { readonly is: 'decimal'; readonly scale: number };

/** No number of a converted type. */
const NONE = -1;
const MAX_SCALE = 76;
const MAX_DECIMAL_BYTES = 32;
const JULIAN_1970 = 2_440_588n;
const NANOSECONDS_A_DAY = 86_400_000_000_000n;

/** How values of a column become what a row holds. */
export function leafReader(element: Struct, type: number): (raw: Raw, budget: RowBudget) => JsonValue {
  const meaning = meaningOf(element, type);
  return (raw, budget) => {
    if (raw instanceof Uint8Array) return bytesValue(raw, meaning, budget);
    budget.spend();
    return typeof raw === 'boolean' ? raw : numberValue(raw, meaning);
  };
}

function meaningOf(element: Struct, type: number): Meaning {
  if (type === TYPE.int96) return { is: 'int96' };
  if (type === TYPE.float || type === TYPE.double) return { is: 'float' };
  const logical = element.struct(10);
  const time = logical?.struct(7);
  if (time !== undefined) return { is: 'time', unit: unitOf(time), utc: false };
  const timestamp = logical?.struct(8);
  if (timestamp !== undefined)
    return { is: 'timestamp', unit: unitOf(timestamp), utc: timestamp.flag(1) === true };
  if (logical?.has(14) === true) return { is: 'uuid' };
  if (logical?.has(15) === true) return { is: 'half' };
  if (logical?.struct(10)?.flag(2) === false) return { is: 'unsigned' };
  switch (element.int(6) ?? NONE) {
    case 5:
      return { is: 'decimal', scale: scaleOf(element.int(7) ?? 0) };
    case 6:
      return { is: 'date' };
    case 7:
      return { is: 'time', unit: 'ms', utc: false };
    case 8:
      return { is: 'time', unit: 'us', utc: false };
    case 9:
      return { is: 'timestamp', unit: 'ms', utc: true };
    case 10:
      return { is: 'timestamp', unit: 'us', utc: true };
    case 11:
    case 12:
    case 13:
    case 14:
      return { is: 'unsigned' };
    case 21:
      return { is: 'interval' };
  }
  const decimal = logical?.struct(5);
  if (decimal !== undefined) return { is: 'decimal', scale: scaleOf(decimal.int(1) ?? 0) };
  return { is: logical?.has(6) === true ? 'date' : 'plain' };
}

function scaleOf(scale: number): number {
  if (Math.abs(scale) > MAX_SCALE) throw new Error(`a decimal has more than ${MAX_SCALE} digits`);
  return scale;
}

/** @param time of TIME or TIMESTAMP */
function unitOf(time: Struct): TimeUnit {
  const unit = time.struct(2);
  if (unit?.has(1) === true) return 'ms';
  return unit?.has(3) === true ? 'ns' : 'us';
}

function numberValue(raw: number | bigint, meaning: Meaning): JsonValue {
  switch (meaning.is) {
    case 'float':
      return floatValue(Number(raw));
    case 'unsigned':
      return wholeValue(typeof raw === 'bigint' ? BigInt.asUintN(64, raw) : raw >>> 0);
    case 'date':
      return dateValue(Number(raw));
    case 'time':
      return timeValue(BigInt(raw), meaning.unit);
    case 'timestamp':
      return timestampValue(BigInt(raw), meaning.unit, meaning.utc);
    case 'decimal':
      return decimalValue(BigInt(raw), meaning.scale);
    case 'plain':
    case 'uuid':
    case 'half':
    case 'int96':
    case 'interval':
      return wholeValue(raw);
  }
}

function bytesValue(bytes: Uint8Array, meaning: Meaning, budget: RowBudget): JsonValue {
  switch (meaning.is) {
    case 'decimal':
      if (bytes.byteLength > MAX_DECIMAL_BYTES) throw new BadValue('a decimal has too many bytes');
      budget.spend();
      return decimalValue(bigIntOf(bytes, 'big-endian'), meaning.scale);
    case 'uuid':
      budget.spend(2 * bytes.byteLength);
      return Buffer.from(bytes)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    case 'half':
      budget.spend();
      return floatValue(halfFloat(bytes[0] | (bytes[1] << 8)));
    case 'int96':
      budget.spend();
      return int96Value(bytes);
    case 'interval':
      throw new BadValue('it holds intervals, which no row can keep');
    case 'plain':
    case 'unsigned':
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
      return textValue(bytes, budget);
  }
}

/** A time of Impala and older Spark: nanoseconds of the day, and the Julian day. */
function int96Value(bytes: Uint8Array): string {
  const nanoseconds = bigIntOf(bytes.subarray(0, 8), 'little-endian');
  const day = bigIntOf(bytes.subarray(8), 'little-endian') - JULIAN_1970;
  return timestampValue(day * NANOSECONDS_A_DAY + nanoseconds, 'ns', false);
}
