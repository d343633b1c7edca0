/** The columns of an Arrow file. Format: apache/arrow, format/Schema.fbs. */
import type { TimeUnit } from '../binary-values.ts';
import { shown } from '../problems.ts';
import { decodeUtf8 } from '../text-pieces.ts';
import type { Table } from './flatbuffer.ts';

export type Type =
  | { readonly is: 'null' | 'boolean' | 'struct' | 'map' }
  | { readonly is: 'bytes' | 'listOf'; readonly large: boolean }
  | { readonly is: 'views' }
  | { readonly is: 'int'; readonly bits: number; readonly signed: boolean }
  | {
      readonly is: 'float' | 'decimal' | 'fixed' | 'fixedList';
      readonly size: number;
      readonly scale: number;
    }
  | {
      readonly is: 'date' | 'time' | 'timestamp';
      readonly bits: number;
      readonly unit: TimeUnit;
      readonly utc: boolean;
    };

export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly children: readonly Field[];
  /** Set where the column holds places in a dictionary. */
  readonly dictionary: { readonly id: number; readonly bits: number; readonly signed: boolean } | null;
}

export interface Schema {
  readonly columns: readonly Field[];
  /** What each dictionary holds. */
  readonly dictionaries: ReadonlyMap<number, Field>;
}

const MAX_FIELDS = 10_000;
const MAX_DEPTH = 32;
const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];
const FLOAT_BYTES = [2, 4, 8];

/** Throws an Error that says what is wrong with it, or not known. */
export function readSchema(schema: Table): Schema {
  if (schema.int16(0) !== 0) throw new Error('its numbers are big-endian');
  const dictionaries = new Map<number, Field>();
  const builder = { fields: 0, dictionaries };
  const columns = fieldsOf(schema.tables(1), 0, builder, false);
  return { columns, dictionaries };
}

interface Builder {
  fields: number;
  readonly dictionaries: Map<number, Field>;
}

function fieldsOf(tables: readonly Table[], depth: number, builder: Builder, inDictionary: boolean): Field[] {
  if (depth > MAX_DEPTH) throw new Error(`its columns are nested in more than ${MAX_DEPTH} levels`);
  const names = new Set<string>();
  return tables.map((table) => {
    if (++builder.fields > MAX_FIELDS) throw new Error(`it has more than ${MAX_FIELDS} columns`);
    const name = decodeUtf8(table.text(0) ?? new Uint8Array(0));
    if (name === null) throw new Error('the name of a column is not UTF-8');
    if (names.size === names.add(name).size) throw new Error(`it has the column ${shown(name)} twice`);
    return fieldOf(name, table, depth, builder, inDictionary);
  });
}

function fieldOf(name: string, table: Table, depth: number, builder: Builder, inDictionary: boolean): Field {
  const encoding = table.table(4);
  if (encoding !== null && inDictionary)
    throw new Error(`the column ${shown(name)} has a dictionary of dictionaries`);
  const within = inDictionary || encoding !== null;
  const children = fieldsOf(table.tables(5), depth + 1, builder, within);
  const type = typeOf(name, table.uint8(2), table.table(3));
  checkChildren(name, type, children);
  if (encoding === null) return { name, type, children, dictionary: null };
  const id = encoding.size(0);
  const index = encoding.table(1);
  const dictionary = { id, bits: index?.int32(0) ?? 32, signed: index?.flag(1) ?? true };
  checkBits(name, dictionary.bits);
  builder.dictionaries.set(id, { name, type, children, dictionary: null });
  return { name, type, children, dictionary };
}

function typeOf(name: string, number: number, type: Table | null): Type {
  const unit = (absent: number): TimeUnit => {
    const known = UNITS[type?.int16(0, absent) ?? absent];
    if (known === undefined) throw new Error(`the column ${shown(name)} has no known unit of time`);
    return known;
  };
  switch (number) {
    case 1:
      return { is: 'null' };
    case 2:
      return { is: 'int', bits: checkBits(name, type?.int32(0) ?? 0), signed: type?.flag(1) ?? false };
    case 3:
      return { is: 'float', size: FLOAT_BYTES[type?.int16(0) ?? 0] ?? notKnown(name, 'float'), scale: 0 };
    case 4:
    case 5:
      return { is: 'bytes', large: false };
    case 6:
      return { is: 'boolean' };
    case 7:
      return {
        is: 'decimal',
        size: decimalBytes(name, type?.int32(2, 128) ?? 128),
        scale: scaleOf(name, type?.int32(1) ?? 0),
      };
    case 8: {
      const days = type?.int16(0, 1) === 0;
      return { is: 'date', bits: days ? 32 : 64, unit: days ? 's' : 'ms', utc: false };
    }
    case 9:
      return { is: 'time', bits: checkBits(name, type?.int32(1, 32) ?? 32), unit: unit(1), utc: false };
    case 10:
      return { is: 'timestamp', bits: 64, unit: unit(0), utc: type?.text(1) != null };
    case 12:
      return { is: 'listOf', large: false };
    case 13:
      return { is: 'struct' };
    case 15:
      return { is: 'fixed', size: positive(name, type?.int32(0) ?? 0), scale: 0 };
    case 16:
      return { is: 'fixedList', size: positive(name, type?.int32(0) ?? 0), scale: 0 };
    case 17:
      return { is: 'map' };
    case 18:
      // A length of time: its number, in whatever unit.
      return { is: 'int', bits: 64, signed: true };
    case 19:
    case 20:
      return { is: 'bytes', large: true };
    case 21:
      return { is: 'listOf', large: true };
    case 23:
    case 24:
      return { is: 'views' };
    default:
      return notKnown(name, UNREAD.get(number) ?? `type ${number}`);
  }
}

const UNREAD: ReadonlyMap<number, string> = new Map([
  [11, 'interval'],
  [14, 'union'],
  [22, 'run-end encoded'],
  [25, 'list view'],
  [26, 'large list view'],
]);

function notKnown(name: string, type: string): never {
  throw new Error(`the column ${shown(name)} is of a type that is not read (${type}): leave it out`);
}

function checkBits(name: string, bits: number): number {
  return [8, 16, 32, 64].includes(bits) ? bits : notKnown(name, `int of ${bits} bits`);
}

function decimalBytes(name: string, bits: number): number {
  return [32, 64, 128, 256].includes(bits) ? bits / 8 : notKnown(name, `decimal of ${bits} bits`);
}

function scaleOf(name: string, scale: number): number {
  return Math.abs(scale) <= 76 ? scale : notKnown(name, `decimal of scale ${scale}`);
}

function positive(name: string, size: number): number {
  return size >= 0 ? size : notKnown(name, 'size below 0');
}

function checkChildren(name: string, type: Type, children: readonly Field[]): void {
  const wanted = type.is === 'listOf' || type.is === 'fixedList' || type.is === 'map' ? 1 : 0;
  const fits = type.is === 'struct' || children.length === wanted;
  const isMap = type.is === 'map';
  if (!fits || (isMap && (children[0].type.is !== 'struct' || children[0].children.length !== 2)))
    throw new Error(`the column ${shown(name)} is not described as it should be`);
}
