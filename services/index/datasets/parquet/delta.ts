/**
 * Whole numbers written as differences, and byte strings by lengths written so. Unpacked a page at a time, since the bytes of
 * strings stand behind all of their lengths. Format: apache/parquet-format, Encodings.md, DELTA_*.
 */

const MAX_BLOCK = 1 << 16;
const MAX_MINIBLOCKS = 512;
/** A run of equal differences takes no bytes: what is claimed is bounded. */
const MAX_NUMBERS = 1 << 22;

export interface Deltas {
  readonly numbers: BigInt64Array;
  /** Where they end. */
  readonly end: number;
}

/** Throws an Error. */
export function readDeltas(bytes: Uint8Array, from: number): Deltas {
  const reader = new BitReader(bytes, from);
  const blockSize = Number(reader.varint());
  const miniblocks = Number(reader.varint());
  const count = Number(reader.varint());
  const size = blockSize / miniblocks;
  if (blockSize > MAX_BLOCK || miniblocks > MAX_MINIBLOCKS || !Number.isInteger(size) || size === 0)
    throw new Error('differences are written in blocks of no known size');
  if (count > MAX_NUMBERS) throw new Error(`a page holds more than ${MAX_NUMBERS} differences`);
  const numbers = new BigInt64Array(count);
  let value = reader.zigzag();
  let filled = 0;
  if (count > 0) numbers[filled++] = value;
  while (filled < count) {
    const least = reader.zigzag();
    const widths = reader.bytes(miniblocks);
    for (let i = 0; i < miniblocks && filled < count; i++) {
      const width = widths[i];
      if (width > 64) throw new Error('a difference has more than 64 bits');
      // Unused numbers at the end of a miniblock are there; unused miniblocks are not.
      const end = reader.at + (size * width) / 8;
      for (let j = 0; j < size && filled < count; j++) {
        value = BigInt.asIntN(64, value + least + reader.bits(width));
        numbers[filled++] = value;
      }
      reader.seek(Math.ceil(end));
    }
  }
  return { numbers, end: reader.at };
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
    if (at > this.#bytes.byteLength) throw new Error('differences are cut off');
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
      if (this.#at >= this.#bytes.byteLength) throw new Error('differences are cut off');
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
