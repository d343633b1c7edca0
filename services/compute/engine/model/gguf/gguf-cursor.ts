/**
 * Reads the beginning of a GGUF file field by field (little-endian), knowing how long the whole file is: a length that
 * the file cannot hold is refused before anything is allocated for it.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';

/** The bytes end before the header does, but the file goes on: read more of it and parse again. */
export class NeedMoreBytes extends Error {}

export function ggufInvalid(what: string): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The GGUF file ${what}.`,
    'Download or convert the file again; it is damaged, or was not written as GGUF.',
  );
}

export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileSize: number;
  #position = 0;

  /** @param bytes the first bytes of a file of `fileSize` bytes */
  constructor(bytes: Uint8Array, fileSize: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileSize = fileSize;
  }

  get position(): number {
    return this.#position;
  }

  /** Passes `count` bytes, which must be there, and gives where they begin. */
  skip(count: number): number {
    const begin = this.#position;
    if (count > this.#fileSize - begin) throw ggufInvalid('ends within its header');
    if (count > this.#bytes.byteLength - begin) throw new NeedMoreBytes();
    this.#position = begin + count;
    return begin;
  }

  uint8(): number {
    return this.#view.getUint8(this.skip(1));
  }
  int8(): number {
    return this.#view.getInt8(this.skip(1));
  }
  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }
  int16(): number {
    return this.#view.getInt16(this.skip(2), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  uint64(): bigint {
    return this.#view.getBigUint64(this.skip(8), true);
  }
  int64(): bigint {
    return this.#view.getBigInt64(this.skip(8), true);
  }
  float32(): number {
    return this.#view.getFloat32(this.skip(4), true);
  }
  float64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** A number of things that take `itemBytes` or more each, all of them still to come in the file. */
  count(what: string, itemBytes: number): number {
    const count = this.uint64();
    const most = Math.floor((this.#fileSize - this.#position) / itemBytes);
    if (count > BigInt(most))
      throw ggufInvalid(`says that it has ${count.toString()} ${what}: more than fit in it`);
    return Number(count);
  }

  /** A string's bytes; a view, not a copy. */
  stringBytes(): Uint8Array {
    const length = this.count('bytes in a string', 1);
    const begin = this.skip(length);
    return this.#bytes.subarray(begin, begin + length);
  }
}
