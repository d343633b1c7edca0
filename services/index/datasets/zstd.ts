/**
 * Zstandard (RFC 8878), a block at a time. fzstd unpacks the blocks; what a hostile file could make it do without end is
 * looked at before: windows, sizes of blocks, a Huffman table that takes no bits. It does not look at checksums.
 */
import { Decompress } from 'fzstd';

/** What the zstd tool unpacks without being told to. */
const MAX_WINDOW_BYTES = 128 << 20;
/** Of a block, packed or not. */
const MAX_BLOCK_BYTES = 128 << 10;
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const CHECKSUM_BYTES = 4;
/** Types of blocks. */
const [RUN, COMPRESSED, RESERVED] = [1, 2, 3];
/** Slower than this, after some seconds, is no file that anyone wrote to be read. */
const PATIENCE_MS = 5000;
const SLOWEST_BYTES_PER_MS = 200;

const CUT_OFF = 'it ends within a frame';

type State =
  | { readonly at: 'frame' }
  | { readonly at: 'block'; readonly frame: Frame }
  | { readonly at: 'skipped'; readonly left: number };

interface Frame {
  readonly decompress: Decompress;
  readonly checksum: boolean;
}

/** Throws an Error that says what is wrong with the bytes. */
export class ZstdStream {
  #held: Uint8Array = new Uint8Array(0);
  #state: State = { at: 'frame' };
  #out: Uint8Array[] = [];
  #bytes = 0;
  #spent = 0;

  /** What the bytes complete; pieces are the caller's. */
  *push(bytes: Uint8Array): Iterable<Uint8Array> {
    this.#bytes += bytes.byteLength;
    this.#held = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (this.#step()) {
      for (const piece of this.#out) {
        this.#bytes += piece.byteLength;
        if (piece.byteLength > 0) yield piece;
      }
      this.#out = [];
    }
    // The bytes given are valid during this call only.
    this.#held = Uint8Array.from(this.#held);
  }

  end(): void {
    if (this.#state.at !== 'frame' || this.#held.byteLength > 0) throw new Error(CUT_OFF);
  }

  /** False when more bytes are needed. */
  #step(): boolean {
    const state = this.#state;
    switch (state.at) {
      case 'frame':
        return this.#beginFrame();
      case 'block':
        return this.#block(state.frame);
      case 'skipped': {
        const taken = this.#take(Math.min(state.left, this.#held.byteLength)).byteLength;
        const left = state.left - taken;
        this.#state = left === 0 ? { at: 'frame' } : { at: 'skipped', left };
        return left === 0;
      }
    }
  }

  #beginFrame(): boolean {
    const held = this.#held;
    if (held.byteLength < 5) return false;
    const view = viewOf(held);
    const magic = view.getUint32(0, true);
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
      if (held.byteLength < 8) return false;
      const left = view.getUint32(4, true);
      this.#take(8);
      this.#state = { at: 'skipped', left };
      return true;
    }
    if (magic !== MAGIC) throw new Error('what follows is no frame of zstd');
    const header = frameHeader(view);
    if (header === null) return false;
    const { window } = header;
    if (window > MAX_WINDOW_BYTES) {
      throw new Error(
        `its window of ${window} bytes is larger than ${MAX_WINDOW_BYTES}: pack it without --long or --ultra`,
      );
    }
    const decompress = new Decompress((piece) => this.#out.push(piece));
    this.#run(decompress, this.#take(header.bytes), false);
    this.#state = { at: 'block', frame: { decompress, checksum: header.checksum } };
    return true;
  }

  #block({ decompress, checksum }: Frame): boolean {
    const held = this.#held;
    if (held.byteLength < 3) return false;
    const header = held[0] | (held[1] << 8) | (held[2] << 16);
    const [last, type, size] = [(header & 1) === 1, (header >> 1) & 3, header >> 3];
    if (type === RESERVED) throw new Error('a block is of no known type');
    if (size > MAX_BLOCK_BYTES) throw new Error('a block is larger than blocks may be');
    const whole = 3 + (type === RUN ? 1 : size);
    const taken = whole + (last && checksum ? CHECKSUM_BYTES : 0);
    if (held.byteLength < taken) return false;
    if (type === COMPRESSED) checkHuffman(held.subarray(3, whole));
    this.#run(decompress, this.#take(taken), last);
    if (last) this.#state = { at: 'frame' };
    return true;
  }

  #run(decompress: Decompress, bytes: Uint8Array, last: boolean): void {
    const begun = performance.now();
    // A copy, since fzstd keeps what it waits with.
    decompress.push(Uint8Array.from(bytes), last);
    this.#spent += performance.now() - begun;
    if (this.#spent > PATIENCE_MS && this.#bytes < this.#spent * SLOWEST_BYTES_PER_MS) {
      throw new Error('it takes too long to unpack for what it holds');
    }
  }

  #take(count: number): Uint8Array {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
}

/** Null when more bytes are needed. */
function frameHeader(view: DataView) {
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const [dictionaryBytes, sizeFlag] = [[0, 1, 2, 4][descriptor & 3], descriptor >> 6];
  const sizeBytes = sizeFlag === 0 ? Number(single) : 1 << sizeFlag;
  const bytes = 5 + Number(!single) + dictionaryBytes + sizeBytes;
  if (view.byteLength < bytes) return null;
  if ((descriptor & 8) !== 0) throw new Error('a frame uses what is not defined');
  const number = (at: number, count: number): number => {
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
    return value;
  };
  if (number(5 + Number(!single), dictionaryBytes) !== 0) throw new Error('it needs a dictionary');
  const size = number(bytes - sizeBytes, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const window = view.getUint8(5);
  const base = 2 ** (10 + (window >> 3));
  return {
    bytes,
    checksum: (descriptor & 4) !== 0,
    window: single ? size : base + (base / 8) * (window & 7),
  };
}

/**
 * A table of Huffman weights that has one weight only takes no bits, and fzstd would read it for ever. The encoder never
 * writes one (RFC 8878, 4.2.1.2: there are two weights at least).
 */
function checkHuffman(block: Uint8Array): void {
  const literals = block[0];
  if ((literals & 3) !== COMPRESSED) return;
  const tree = [3, 3, 4, 5][(literals >> 2) & 3];
  // From 128 on the weights are written as they are.
  if (block.byteLength < tree + 2 || block[tree] >= 128) return;
  const bits = (at: number, count: number): number => {
    const byte = tree + 1 + (at >> 3);
    const word = block[byte] | (block[byte + 1] << 8) | (block[byte + 2] << 16);
    return (word >> (at & 7)) & ((1 << count) - 1);
  };
  // The counts of each weight, as in RFC 8878, 4.1.1: the fewer are left, the fewer bits one takes.
  const total = 1 << (bits(0, 4) + 5);
  let [left, at] = [total, 4];
  while (left > 0 && at < 8 * block.byteLength) {
    const width = 31 - Math.clz32(left + 1);
    const short = bits(at, width);
    const threshold = (1 << (width + 1)) - 2 - left;
    let value = short;
    if (short >= threshold) {
      value = bits(at, width + 1);
      if (value >= 1 << width) value -= threshold;
    }
    at += short < threshold ? width : width + 1;
    const count = value - 1;
    if (count === total) throw new Error('a table has one weight only');
    left -= Math.abs(count);
    if (count !== 0) continue;
    let repeat = 3;
    while (repeat === 3 && at < 8 * block.byteLength) {
      repeat = bits(at, 2);
      at += 2;
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
