/**
 * Tables of FlatBuffers, read where they lie. Every offset is looked at when it is followed: a wrong one throws RangeError,
 * as reading beyond the end does. Format: google/flatbuffers, docs/source/internals.md.
 */

export class Table {
  readonly #view: DataView;
  readonly #at: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Table(view, view.getUint32(0, true));
  }

  uint8(field: number, absent = 0): number {
    const at = this.#field(field);
    return at === null ? absent : this.#view.getUint8(at);
  }

  flag(field: number): boolean {
    return this.uint8(field) !== 0;
  }

  int16(field: number, absent = 0): number {
    const at = this.#field(field);
    return at === null ? absent : this.#view.getInt16(at, true);
  }

  int32(field: number, absent = 0): number {
    const at = this.#field(field);
    return at === null ? absent : this.#view.getInt32(at, true);
  }

  /** A size or a count: whole, and not negative. */
  size(field: number): number {
    const at = this.#field(field);
    return at === null ? 0 : sizeAt(this.#view, at);
  }

  text(field: number): Uint8Array | null {
    const at = this.#reference(field);
    if (at === null) return null;
    const length = this.#view.getUint32(at, true);
    this.#check(at + 4, length);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, length);
  }

  table(field: number): Table | null {
    const at = this.#reference(field);
    return at === null ? null : new Table(this.#view, at);
  }

  tables(field: number): readonly Table[] {
    return this.#items(field, 4, (at) => new Table(this.#view, at + this.#view.getUint32(at, true)));
  }

  /** Of structures of two sizes each. */
  pairs(field: number): readonly (readonly [number, number])[] {
    return this.#items(field, 16, (at) => [sizeAt(this.#view, at), sizeAt(this.#view, at + 8)]);
  }

  /** Of structures of a size each, and a count that is -1 where nobody counted. */
  counts(field: number): readonly (readonly [number, number])[] {
    return this.#items(field, 16, (at) => [
      sizeAt(this.#view, at),
      Number(this.#view.getBigInt64(at + 8, true)),
    ]);
  }

  /** Of structures that say where a message is: offset, and size of its description. */
  blocks(field: number): readonly (readonly [number, number])[] {
    return this.#items(field, 24, (at) => [sizeAt(this.#view, at), this.#view.getUint32(at + 8, true)]);
  }

  sizes(field: number): readonly number[] {
    return this.#items(field, 8, (at) => sizeAt(this.#view, at));
  }

  #items<T>(field: number, width: number, read: (at: number) => T): readonly T[] {
    const at = this.#reference(field);
    if (at === null) return [];
    const count = this.#view.getUint32(at, true);
    this.#check(at + 4, count * width);
    return Array.from({ length: count }, (_, i) => read(at + 4 + i * width));
  }

  /** Where the field's value stands; null where it is absent. */
  #field(field: number): number | null {
    const table = this.#at - this.#view.getInt32(this.#at, true);
    const slot = 4 + 2 * field;
    if (slot + 2 > this.#view.getUint16(table, true)) return null;
    const offset = this.#view.getUint16(table + slot, true);
    return offset === 0 ? null : this.#at + offset;
  }

  #reference(field: number): number | null {
    const at = this.#field(field);
    return at === null ? null : at + this.#view.getUint32(at, true);
  }

  #check(at: number, bytes: number): void {
    if (at + bytes > this.#view.byteLength) throw new RangeError('a description reaches beyond its end');
  }
}

function sizeAt(view: DataView, at: number): number {
  const size = Number(view.getBigInt64(at, true));
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a size is none');
  return size;
}
