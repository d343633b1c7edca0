/**
 * Structures in Thrift's compact protocol, which hyparquet reads. What a hostile file could have it do without bound is
 * looked at before: numbers of any length, lists of empty items, nesting.
 * Format: apache/thrift, doc/specs/thrift-compact-protocol.md.
 */
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';

/** Of a footer: two and more in those that programs write, the fewest where row groups are small and columns many. */
const BYTES_PER_VALUE = 1.5;
const MOST_VALUES_FREE = 10_000;
const MAX_DEPTH = 16;
const MAX_VARINT_BYTES = 10;

/** The bytes end before the structure does. */
export class CutOff extends Error {}

/** One structure of Thrift; fields by their numbers. A field of another type than it should be is as absent. */
export class Struct {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /** Of up to 32 bits. */
  int(field: number): number | undefined {
    const value = this.#field(field);
    return typeof value === 'number' ? value : undefined;
  }

  /** Of up to 64 bits; undefined for what float64 does not hold. */
  long(field: number): number | undefined {
    const value = this.#field(field);
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isSafeInteger(number) ? (number as number) : undefined;
  }

  flag(field: number): boolean | undefined {
    const value = this.#field(field);
    return typeof value === 'boolean' ? value : undefined;
  }

  bytes(field: number): Uint8Array | undefined {
    const value = this.#field(field);
    return value instanceof Uint8Array ? value : undefined;
  }

  struct(field: number): Struct | undefined {
    return structOf(this.#field(field));
  }

  structs(field: number): readonly Struct[] | undefined {
    return this.#list(field, structOf);
  }

  byteStrings(field: number): readonly Uint8Array[] | undefined {
    return this.#list(field, (item) => (item instanceof Uint8Array ? item : undefined));
  }

  has(field: number): boolean {
    return this.#field(field) !== undefined;
  }

  #list<T>(field: number, of: (item: unknown) => T | undefined): readonly T[] | undefined {
    const value = this.#field(field);
    if (!Array.isArray(value)) return undefined;
    const items = (value as readonly unknown[]).map(of).filter((item) => item !== undefined);
    return items.length === value.length ? items : undefined;
  }

  #field(field: number): unknown {
    return this.#fields[`field_${field}`];
  }
}

function structOf(value: unknown): Struct | undefined {
  const is =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return is ? new Struct(value as Readonly<Record<string, unknown>>) : undefined;
}

/**
 * The structure at the beginning of the bytes, and where it ends.
 * Throws CutOff, and an Error for what is no Thrift or would become too large.
 */
export function readThrift(bytes: Uint8Array): { readonly value: Struct; readonly end: number } {
  const end = new Walk(bytes).struct();
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  return { value: new Struct(deserializeTCompactProtocol({ view, offset: 0 })), end };
}

const [TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

/** Goes through a structure without keeping anything. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #at = 0;
  #values = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#most = MOST_VALUES_FREE + bytes.byteLength / BYTES_PER_VALUE;
  }

  /** Where it ends. */
  struct(): number {
    if (++this.#depth > MAX_DEPTH) throw new Error('its description is nested too deeply');
    for (;;) {
      const header = this.#byte();
      if ((header & 15) === 0) break;
      if (header >> 4 === 0) this.#varint();
      this.#value(header & 15, false);
    }
    this.#depth--;
    return this.#at;
  }

  #value(type: number, inList: boolean): void {
    if (++this.#values > this.#most) throw new Error('its description holds too many values for its size');
    switch (type) {
      case TRUE:
      case FALSE:
        if (inList) this.#skip(1);
        break;
      case BYTE:
        this.#skip(1);
        break;
      case I16:
      case I32:
      case I64:
        this.#varint();
        break;
      case DOUBLE:
        this.#skip(8);
        break;
      case BINARY:
        this.#skip(this.#varint());
        break;
      case LIST: {
        const header = this.#byte();
        const items = header >> 4 === 15 ? this.#varint() : header >> 4;
        for (let i = 0; i < items; i++) this.#value(header & 15, true);
        break;
      }
      case STRUCT:
        this.struct();
        break;
      default:
        throw new Error('its description is no Thrift');
    }
  }

  #byte(): number {
    this.#skip(1);
    return this.#bytes[this.#at - 1];
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.byteLength) throw new CutOff('its description is cut off');
  }

  /** Exact up to 2^53, which is more than any size that is compared with it. */
  #varint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Error('its description has a number that never ends');
  }
}
