/**
 * Snappy and LZ4 blocks, as Parquet and Arrow pack their buffers. The unpacked size is known beforehand, and nothing is
 * written behind it: both loops end with the input or the output, whatever the bytes say.
 * Formats: google/snappy, format_description.txt; lz4/lz4, doc/lz4_Block_format.md and lz4_Frame_format.md.
 */

const BROKEN = 'it is damaged within what is packed';
/** Either format makes one byte into no more. */
const MOST_PER_BYTE = 255;

/** Throws an Error for bytes that are not exactly `size` bytes packed. */
export function unpackSnappy(input: Uint8Array, size: number): Uint8Array {
  const output = new Output(input, size);
  let at = 0;
  // The unpacked size, which is known.
  while (input[at++] >= 128);
  while (at < input.byteLength) {
    const tag = input[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const bytes = length - 59;
        length = littleEndian(input, at, bytes);
        at += bytes;
      }
      output.literal(at, length + 1);
      at += length + 1;
    } else if (kind === 1) {
      output.copy(((tag >> 5) << 8) | input[at++], ((tag >> 2) & 7) + 4);
    } else {
      const bytes = kind === 2 ? 2 : 4;
      output.copy(littleEndian(input, at, bytes), (tag >> 2) + 1);
      at += bytes;
    }
  }
  return output.whole();
}

/** Throws as `unpackSnappy`. */
export function unpackLz4(input: Uint8Array, size: number): Uint8Array {
  const output = new Output(input, size);
  unpackLz4Into(output, input, 0, input.byteLength);
  return output.whole();
}

/** Parquet's older kind: blocks with both sizes before them, as Hadoop writes; or a block alone, as others did. */
export function unpackHadoopLz4(input: Uint8Array, size: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.byteLength < 8 || view.getUint32(4) > input.byteLength - 8 || view.getUint32(0) > size)
    return unpackLz4(input, size);
  const output = new Output(input, size);
  for (let at = 0; at < input.byteLength;) {
    if (at + 8 > input.byteLength) throw new Error(BROKEN);
    const packed = view.getUint32(at + 4);
    unpackLz4Into(output, input, at + 8, at + 8 + packed);
    at += 8 + packed;
  }
  return output.whole();
}

/** Frames, as Arrow writes them; checksums are not looked at. Throws as `unpackSnappy`. */
export function unpackLz4Frame(input: Uint8Array, size: number): Uint8Array {
  const output = new Output(input, size);
  if (littleEndian(input, 0, 4) !== 0x184d2204 || input.byteLength < 7) throw new Error(BROKEN);
  const flags = input[4];
  const [contentSize, blockChecksums] = [(flags & 8) !== 0, (flags & 16) !== 0];
  if (flags >> 6 !== 1 || (flags & 1) !== 0) throw new Error('it is packed in an unknown way');
  let at = 7 + (contentSize ? 8 : 0);
  for (;;) {
    const header = littleEndian(input, at, 4);
    at += 4;
    if (header === 0) return output.whole();
    const bytes = header % 2 ** 31;
    if (header >= 2 ** 31) output.literal(at, bytes);
    else unpackLz4Into(output, input, at, at + bytes);
    at += bytes + (blockChecksums ? 4 : 0);
  }
}

function unpackLz4Into(output: Output, input: Uint8Array, from: number, end: number): void {
  if (end > input.byteLength) throw new Error(BROKEN);
  let at = from;
  const more = (length: number): number => {
    let whole = length;
    if (length !== 15) return whole;
    for (let byte = 255; byte === 255 && at < end;) whole += byte = input[at++];
    return whole;
  };
  while (at < end) {
    const token = input[at++];
    const literals = more(token >> 4);
    output.literal(at, literals);
    at += literals;
    // The last literals have no match behind them.
    if (at >= end) break;
    const distance = littleEndian(input, at, 2);
    at += 2;
    output.copy(distance, more(token & 15) + 4);
  }
}

function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > input.byteLength) throw new Error(BROKEN);
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}

/** What is unpacked so far, of a size that is never gone beyond. */
class Output {
  readonly #input: Uint8Array;
  readonly #bytes: Uint8Array;
  #size = 0;

  constructor(input: Uint8Array, size: number) {
    if (size > MOST_PER_BYTE * input.byteLength) throw new Error(BROKEN);
    this.#input = input;
    this.#bytes = new Uint8Array(size);
  }

  /** `length` bytes of the input, from `at` on. */
  literal(at: number, length: number): void {
    if (at + length > this.#input.byteLength) throw new Error(BROKEN);
    this.#grow(length);
    this.#bytes.set(this.#input.subarray(at, at + length), this.#size - length);
  }

  /** `length` bytes from `distance` bytes back; they may reach into themselves, and then repeat. */
  copy(distance: number, length: number): void {
    if (distance === 0 || distance > this.#size) throw new Error(BROKEN);
    let to = this.#size;
    this.#grow(length);
    if (distance >= length) this.#bytes.copyWithin(to, to - distance, to - distance + length);
    else for (; to < this.#size; to++) this.#bytes[to] = this.#bytes[to - distance];
  }

  whole(): Uint8Array {
    if (this.#size !== this.#bytes.byteLength) throw new Error(BROKEN);
    return this.#bytes;
  }

  #grow(length: number): void {
    this.#size += length;
    if (this.#size > this.#bytes.byteLength) throw new Error(BROKEN);
  }
}
