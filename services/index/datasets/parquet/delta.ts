/**
 * Whole numbers written as differences, read one at a time: a run of equal differences takes no bytes, and what it claims to
 * repeat takes no memory either. Format: apache/parquet-format, Encodings.md, DELTA_BINARY_PACKED.
 */

const MAX_BLOCK = 1 << 16;
const MAX_MINIBLOCKS = 512;
const MAX_WIDTH = 64;
const CUT_OFF = 'differences are cut off';

/** Its functions throw an Error for what is no such number. */
export class DeltaReader {
  /** Where the numbers are. */
  readonly #bits: BitReader;
  readonly #bytes: Uint8Array;
  readonly #miniblocks: number;
  /** Numbers of a miniblock. */
  readonly #size: number;
  readonly #count: number;
  /** Where the first block begins. */
  readonly #start: number;
  /** Numbers given so far. */
  #done = 0;
  #value: bigint;
  /** Of the block at hand. */
  #least = 0n;
  #widths: Uint8Array = new Uint8Array(0);
  #miniblock = 0;
  /** Numbers of the miniblock at hand that are left, and where it ends. */
  #left = 0;
  #end = 0;

  constructor(bytes: Uint8Array, from: number) {
    const reader = new BitReader(bytes, from);
    const blockSize = Number(reader.varint());
    const miniblocks = Number(reader.varint());
    const size = blockSize / miniblocks;
    if (blockSize > MAX_BLOCK || miniblocks > MAX_MINIBLOCKS || !Number.isInteger(size) || size === 0)
      throw new Error('differences are written in blocks of no known size');
    this.#count = Number(reader.varint());
    this.#value = reader.zigzag();
    [this.#bytes, this.#bits, this.#start] = [bytes, reader, reader.at];
    [this.#miniblocks, this.#size] = [miniblocks, size];
  }

  next(): bigint {
    if (this.#done === this.#count) throw new Error(CUT_OFF);
    if (this.#done++ === 0) return this.#value;
    if (this.#left === 0) this.#begin();
    this.#left--;
    const difference = this.#least + this.#bits.bits(this.#widths[this.#miniblock]);
    this.#value = BigInt.asIntN(64, this.#value + difference);
    if (this.#left === 0) {
      this.#bits.seek(this.#end);
      this.#miniblock++;
    }
    return this.#value;
  }

  /** Where the numbers end: goes from block to block, without reading what is in them. */
  end(): number {
    const reader = new BitReader(this.#bytes, this.#start);
    for (let left = this.#count - 1; left > 0;) {
      reader.zigzag();
      // Unused numbers at the end of a miniblock are there; unused miniblocks are not.
      for (const width of reader.bytes(this.#miniblocks)) {
        if (left <= 0) break;
        reader.seek(reader.at + this.#bytesOf(width));
        left -= this.#size;
      }
    }
    return reader.at;
  }

  #begin(): void {
    if (this.#miniblock === this.#widths.length) {
      this.#least = this.#bits.zigzag();
      this.#widths = this.#bits.bytes(this.#miniblocks);
      this.#miniblock = 0;
    }
    this.#left = this.#size;
    this.#end = this.#bits.at + this.#bytesOf(this.#widths[this.#miniblock]);
  }

  #bytesOf(width: number): number {
    if (width > MAX_WIDTH) throw new Error(`a difference has more than ${MAX_WIDTH} bits`);
    return Math.ceil((this.#size * width) / 8);
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #bit = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next byte's place. */
  get at(): number {
    return this.#at;
  }

  seek(at: number): void {
    if (at > this.#bytes.byteLength) throw new Error(CUT_OFF);
    this.#at = at;
    this.#bit = 0;
  }

  bytes(count: number): Uint8Array {
    const from = this.#at;
    this.seek(from + count);
    return this.#bytes.subarray(from, from + count);
  }

  bits(width: number): bigint {
    let value = 0n;
    for (let done = 0; done < width;) {
      if (this.#at >= this.#bytes.byteLength) throw new Error(CUT_OFF);
      const take = Math.min(8 - this.#bit, width - done);
      const part = (this.#bytes[this.#at] >> this.#bit) & ((1 << take) - 1);
      value |= BigInt(part) << BigInt(done);
      done += take;
      this.#bit += take;
      if (this.#bit === 8) [this.#bit, this.#at] = [0, this.#at + 1];
    }
    return value;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = this.bytes(1);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new Error('a difference never ends');
  }

  zigzag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}
