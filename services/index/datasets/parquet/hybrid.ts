/**
 * Runs and packed bits, as Parquet writes levels and places in a dictionary, read one number at a time: what a run claims to
 * repeat takes no memory. Format: apache/parquet-format, Encodings.md, "RLE = 3".
 */

/** A dictionary of more than 2^24 values is refused: writers end theirs at a megabyte or so. */
const MAX_WIDTH = 24;

export class HybridReader {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  #at = 0;
  /** Of the run at hand. */
  #left = 0;
  #value = 0;
  /** Bit at which the next packed number stands; -1 in a run of one value. */
  #bit = -1;

  /** @param width bits of a number */
  constructor(bytes: Uint8Array, width: number) {
    if (width > MAX_WIDTH)
      throw new Error(`numbers of ${width} bits stand where at most ${MAX_WIDTH} are known`);
    this.#bytes = bytes;
    this.#width = width;
  }

  /** Throws an Error when there is none. */
  next(): number {
    if (this.#left === 0) this.#begin();
    this.#left--;
    if (this.#bit < 0) return this.#value;
    const [at, shift] = [this.#bit >> 3, this.#bit & 7];
    this.#bit += this.#width;
    if (this.#bit > 8 * this.#bytes.byteLength) throw new Error('packed numbers are cut off');
    const bytes = this.#bytes;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    return (word >>> shift) & ((1 << this.#width) - 1);
  }

  /** How many of the next numbers are this one. */
  count(value: number, among: number): number {
    let found = 0;
    for (let left = among; left > 0;) {
      if (this.#left === 0) this.#begin();
      if (this.#bit < 0) {
        const run = Math.min(this.#left, left);
        if (this.#value === value) found += run;
        this.#left -= run;
        left -= run;
      } else {
        if (this.next() === value) found++;
        left--;
      }
    }
    return found;
  }

  #begin(): void {
    if (this.#bit >= 0) this.#at = (this.#bit + 7) >> 3;
    let header = 0;
    // Some writers put runs of nothing in between.
    while (header < 2) header = this.#varint();
    const count = Math.floor(header / 2);
    if (header % 2 === 1) {
      this.#left = 8 * count;
      this.#bit = 8 * this.#at;
      return;
    }
    this.#left = count;
    this.#bit = -1;
    this.#value = 0;
    for (let shift = 0; shift < this.#width; shift += 8) this.#value |= this.#byte() << shift;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Error('the length of a run never ends');
  }

  #byte(): number {
    if (this.#at >= this.#bytes.byteLength) throw new Error('runs are cut off');
    return this.#bytes[this.#at++];
  }
}

/** Bits that numbers up to `value` take. */
export function bitWidth(value: number): number {
  return 32 - Math.clz32(value);
}
