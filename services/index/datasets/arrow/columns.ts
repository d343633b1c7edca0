/** The columns of a record batch, read a value at a time where they lie. Format: apache/arrow, docs/source/format/Columnar.rst. */
import {
  BadValue,
  bigIntOf,
  dateValue,
  decimalValue,
  floatValue,
  halfFloat,
  objectValue,
  textValue,
  timestampValue,
  timeValue,
  wholeValue,
  type RowBudget,
} from '../binary-values.ts';
import type { JsonValue } from '../dataset.ts';
import type { Batch } from './batch.ts';
import type { Field } from './schema.ts';

export interface Column {
  readonly length: number;
  /** Throws BadValue, and an Error where the file is damaged. */
  value(row: number, budget: RowBudget): JsonValue;
}

export type Dictionaries = ReadonlyMap<number, Column>;

type Value = Column['value'];

const DAY_MS = 86_400_000;
const VIEW_BYTES = 16;
/** Of a view: shorter values stand in it. */
const INLINE_BYTES = 12;

/** Takes the column's buffers, and those of its children, from the batch. Throws an Error. */
export function readColumn(field: Field, batch: Batch, dictionaries: Dictionaries): Column {
  const [length, nulls] = batch.node();
  // It has no buffers at all. A value costs like any other: a list of them may claim to have any number.
  if (field.type.is === 'null' && field.dictionary === null)
    return nullable(
      length,
      null,
      spending(() => null),
    );
  const validity = validityOf(batch.buffer(), length, nulls);
  return nullable(length, validity, valuesOf(field, length, batch, dictionaries));
}

function nullable(length: number, validity: Uint8Array | null, value: Value): Column {
  return {
    length,
    value(row, budget) {
      if (validity === null || ((validity[row >> 3] >> (row & 7)) & 1) === 1) return value(row, budget);
      budget.spend();
      return null;
    },
  };
}

/** Null where every value is there. */
function validityOf(bytes: Uint8Array, length: number, nulls: number): Uint8Array | null {
  const none = nulls === 0 || (nulls < 0 && bytes.byteLength === 0);
  if (none) return null;
  checkSize(bytes, Math.ceil(length / 8));
  return bytes;
}

function valuesOf(field: Field, length: number, batch: Batch, dictionaries: Dictionaries): Value {
  const { type, dictionary } = field;
  if (dictionary !== null) {
    const places = wholeNumbers(batch.buffer(), length, dictionary.bits, dictionary.signed);
    const values = dictionaries.get(dictionary.id);
    if (values === undefined) throw new Error('a dictionary stands behind the rows that need it');
    return (row, budget) => {
      const place = Number(places(row));
      if (!(place >= 0 && place < values.length))
        throw new Error('a value stands for none of its dictionary');
      return values.value(place, budget);
    };
  }
  switch (type.is) {
    case 'null':
      return spending(() => null);
    case 'boolean': {
      const bits = batch.buffer();
      checkSize(bits, Math.ceil(length / 8));
      return spending((row) => ((bits[row >> 3] >> (row & 7)) & 1) === 1);
    }
    case 'int': {
      const numbers = wholeNumbers(batch.buffer(), length, type.bits, type.signed);
      return spending((row) => wholeValue(numbers(row)));
    }
    case 'float':
      return spending(floats(batch.buffer(), length, type.size));
    case 'date': {
      const numbers = wholeNumbers(batch.buffer(), length, type.bits, true);
      const perDay = type.unit === 'ms' ? DAY_MS : 1;
      return spending((row) => dateValue(Math.floor(Number(numbers(row)) / perDay)));
    }
    case 'time': {
      const numbers = wholeNumbers(batch.buffer(), length, type.bits, true);
      return spending((row) => timeValue(BigInt(numbers(row)), type.unit));
    }
    case 'timestamp': {
      const numbers = wholeNumbers(batch.buffer(), length, type.bits, true);
      return spending((row) => timestampValue(BigInt(numbers(row)), type.unit, type.utc));
    }
    case 'decimal': {
      const value = fixed(batch.buffer(), length, type.size);
      return spending((row) => decimalValue(bigIntOf(value(row), 'little-endian'), type.scale));
    }
    case 'fixed': {
      const value = fixed(batch.buffer(), length, type.size);
      return (row, budget) => textValue(value(row), budget);
    }
    case 'bytes': {
      const range = ranges(batch.buffer(), length, type.large);
      const bytes = batch.buffer();
      return (row, budget) => {
        const [begin, end] = range(row, bytes.byteLength);
        return textValue(bytes.subarray(begin, end), budget);
      };
    }
    case 'views':
      return views(length, batch);
    case 'listOf': {
      const range = ranges(batch.buffer(), length, type.large);
      return listValues(readColumn(field.children[0], batch, dictionaries), range);
    }
    case 'fixedList': {
      const item = readColumn(field.children[0], batch, dictionaries);
      return listValues(item, (row) => [row * type.size, (row + 1) * type.size]);
    }
    case 'map': {
      const range = ranges(batch.buffer(), length, false);
      return mapValues(mapEntries(field.children[0], batch, dictionaries), range);
    }
    case 'struct': {
      const columns = field.children.map(
        (child) => [child.name, readColumn(child, batch, dictionaries)] as const,
      );
      if (columns.some(([, column]) => column.length < length)) throw new Error(SHORTER);
      return (row, budget) => {
        budget.spend();
        return objectValue(columns.map(([name, column]) => [name, column.value(row, budget)]));
      };
    }
  }
}

function spending(value: (row: number) => JsonValue): Value {
  return (row, budget) => {
    budget.spend();
    return value(row);
  };
}

function viewOf(bytes: Uint8Array, size: number): DataView {
  checkSize(bytes, size);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkSize(bytes: Uint8Array, size: number): void {
  if (bytes.byteLength < size) throw new Error('a buffer is shorter than its column');
}

function wholeNumbers(
  bytes: Uint8Array,
  length: number,
  bits: number,
  signed: boolean,
): (row: number) => number | bigint {
  const view = viewOf(bytes, length * (bits / 8));
  switch (bits) {
    case 8:
      return (row) => (signed ? view.getInt8(row) : view.getUint8(row));
    case 16:
      return (row) => (signed ? view.getInt16(2 * row, true) : view.getUint16(2 * row, true));
    case 32:
      return (row) => (signed ? view.getInt32(4 * row, true) : view.getUint32(4 * row, true));
    default:
      return (row) => (signed ? view.getBigInt64(8 * row, true) : view.getBigUint64(8 * row, true));
  }
}

function floats(bytes: Uint8Array, length: number, size: number): (row: number) => number | null {
  const view = viewOf(bytes, length * size);
  if (size === 2) return (row) => floatValue(halfFloat(view.getUint16(2 * row, true)));
  return (row) => floatValue(size === 4 ? view.getFloat32(4 * row, true) : view.getFloat64(8 * row, true));
}

function fixed(bytes: Uint8Array, length: number, size: number): (row: number) => Uint8Array {
  checkSize(bytes, length * size);
  return (row) => bytes.subarray(row * size, (row + 1) * size);
}

/** Where a row's bytes or items begin and end, among `count`. */
type Range = (row: number, count: number) => readonly [number, number];

function ranges(bytes: Uint8Array, length: number, large: boolean): Range {
  const size = large ? 8 : 4;
  // Of no rows there may be no offsets at all.
  const view = viewOf(bytes, length === 0 ? 0 : (length + 1) * size);
  const at = (i: number): number =>
    large ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
  return (row, count) => {
    const [begin, end] = [at(row), at(row + 1)];
    if (!(0 <= begin && begin <= end && end <= count)) throw new Error('a value lies outside of its buffer');
    return [begin, end];
  };
}

function views(length: number, batch: Batch): Value {
  const bytes = batch.buffer();
  const view = viewOf(bytes, length * VIEW_BYTES);
  const buffers: Uint8Array[] = [];
  for (let count = batch.viewed(); count > 0; count--) buffers.push(batch.buffer());
  return (row, budget) => {
    const at = row * VIEW_BYTES;
    const size = view.getInt32(at, true);
    if (size < 0) throw new Error('a value lies outside of its buffer');
    if (size <= INLINE_BYTES) return textValue(bytes.subarray(at + 4, at + 4 + size), budget);
    const [buffer, begin] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
    const from = buffers[buffer];
    if (from === undefined || begin < 0 || begin + size > from.byteLength)
      throw new Error('a value lies outside of its buffer');
    return textValue(from.subarray(begin, begin + size), budget);
  };
}

function listValues(item: Column, range: Range): Value {
  return (row, budget) => {
    budget.spend();
    const [begin, end] = range(row, item.length);
    if (end > item.length) throw new Error(SHORTER);
    const items: JsonValue[] = [];
    for (let i = begin; i < end; i++) items.push(item.value(i, budget));
    return items;
  };
}

interface Entries {
  readonly length: number;
  readonly key: Column;
  readonly value: Column;
}

/** Keys and values; they are never null together. */
function mapEntries(field: Field, batch: Batch, dictionaries: Dictionaries): Entries {
  const [length] = batch.node();
  batch.buffer();
  const [key, value] = field.children.map((child) => readColumn(child, batch, dictionaries));
  if (key.length < length || value.length < length) throw new Error(SHORTER);
  return { length, key, value };
}

function mapValues({ length, key, value }: Entries, range: Range): Value {
  return (row, budget) => {
    budget.spend();
    const [begin, end] = range(row, length);
    const entries = new Map<string, JsonValue>();
    for (let i = begin; i < end; i++) {
      const name = key.value(i, budget);
      if (typeof name === 'object') throw new BadValue('a key of a map is no text');
      if (entries.size === entries.set(String(name), value.value(i, budget)).size)
        throw new BadValue('a key is given twice');
    }
    return objectValue(entries);
  };
}

const SHORTER = 'a column is shorter than what holds it';
