/** The lengths and buffers of one record batch, in the order in which its columns take them. Format: format/Message.fbs. */
import { UNPACK, type Unpack } from '../unpack.ts';
import type { Table } from './flatbuffer.ts';

/** Packed and unpacked. Those that programs write have one to some thousand rows. */
export const MAX_BATCH_BYTES = 512 << 20;
const CODECS: readonly Unpack[] = [UNPACK.LZ4_FRAME, UNPACK.ZSTD];
const LENGTH_BYTES = 8;

export class Batch {
  readonly rows: number;
  readonly #body: Uint8Array;
  readonly #nodes: readonly (readonly [number, number])[];
  readonly #buffers: readonly (readonly [number, number])[];
  readonly #variadic: readonly number[];
  readonly #unpack: Unpack | null;
  #node = 0;
  #buffer = 0;
  #view = 0;
  #unpacked = 0;

  constructor(header: Table, body: Uint8Array) {
    this.#body = body;
    this.rows = header.size(0);
    this.#nodes = header.counts(1);
    this.#buffers = header.pairs(2);
    this.#variadic = header.sizes(4);
    const compression = header.table(3);
    const codec = compression === null ? null : CODECS[compression.uint8(0)];
    if (codec === undefined || (compression?.uint8(1) ?? 0) !== 0)
      throw new Error('its buffers are packed in a way that is not known');
    this.#unpack = codec;
  }

  /** What the buffers given so far keep in memory. */
  get bytes(): number {
    return this.#body.byteLength + this.#unpacked;
  }

  /** Length and number of nulls of the next column; JavaScript's Arrow writes -1 for what it has not counted. */
  node(): readonly [number, number] {
    if (this.#node >= this.#nodes.length) throw new Error(FEWER);
    return this.#nodes[this.#node++];
  }

  buffer(): Uint8Array {
    if (this.#buffer >= this.#buffers.length) throw new Error(FEWER);
    const [offset, length] = this.#buffers[this.#buffer++];
    if (offset + length > this.#body.byteLength) throw new Error('a buffer reaches beyond its batch');
    const bytes = this.#body.subarray(offset, offset + length);
    return this.#unpack === null || length === 0 ? bytes : this.#unpackBuffer(bytes, this.#unpack);
  }

  /** How many buffers the next column of views has for its longer values. */
  viewed(): number {
    if (this.#view >= this.#variadic.length) throw new Error(FEWER);
    return this.#variadic[this.#view++];
  }

  /** The unpacked size stands before; -1 says that the rest is as it is. */
  #unpackBuffer(bytes: Uint8Array, unpack: Unpack): Uint8Array {
    if (bytes.byteLength < LENGTH_BYTES) throw new Error('a buffer is cut off');
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
    const rest = bytes.subarray(LENGTH_BYTES);
    if (size === -1) return rest;
    this.#unpacked += size;
    if (!(size >= 0) || this.#unpacked > MAX_BATCH_BYTES)
      throw new Error(`a batch unpacks to more than ${MAX_BATCH_BYTES} bytes: write smaller batches`);
    return size === 0 ? new Uint8Array(0) : unpack(rest, size);
  }
}

const FEWER = 'a batch has fewer columns than the file';
