/** A file read from anywhere in it, within its bounds, and whether it changed meanwhile. */
import type { FileHandle } from 'node:fs/promises';
import { changedDataset } from './problems.ts';
import { fileError, openDatasetFile } from './file-chunks.ts';

export class FileSlices {
  readonly #file: FileHandle;
  readonly #name: string;
  readonly size: number;
  readonly #stamp: string;

  private constructor(file: FileHandle, name: string, size: number, stamp: string) {
    this.#file = file;
    this.#name = name;
    this.size = size;
    this.#stamp = stamp;
  }

  /** Throws DATASET_NOT_FOUND, DATASET_INVALID. */
  static async open(path: string, name = path): Promise<FileSlices> {
    const file = await openDatasetFile(path);
    const { size, stamp } = await stampOf(file);
    return new FileSlices(file, name, size, stamp);
  }

  /** Exactly these bytes, in memory of their own. Throws DATASET_CHANGED where the file has become shorter. */
  async read(start: number, end: number): Promise<Uint8Array> {
    if (!(0 <= start && start <= end && end <= this.size)) throw new RangeError('beyond the end of the file');
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.byteLength;) {
      const { bytesRead } = await this.#file
        .read(bytes, at, bytes.byteLength - at, start + at)
        .catch((error: unknown) => {
          throw fileError(this.#name, error);
        });
      if (bytesRead === 0) throw changedDataset(this.#name);
      at += bytesRead;
    }
    return bytes;
  }

  /** Throws DATASET_CHANGED for a file that was written to since it was opened. */
  async refuseChanged(): Promise<void> {
    if ((await stampOf(this.#file)).stamp !== this.#stamp) throw changedDataset(this.#name);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** As a dataset's stamp (file-stamp.ts), of the file that is open. */
async function stampOf(file: FileHandle): Promise<{ size: number; stamp: string }> {
  const { size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return { size: Number(size), stamp: [size, mtimeNs, ctimeNs].join(':') };
}

/** A part of a file read forward, through a small window. */
export class ForwardReader {
  readonly #file: FileSlices;
  readonly #end: number;
  #window: Uint8Array = new Uint8Array(0);
  /** Offset in the file of the window's first byte. */
  #at: number;

  constructor(file: FileSlices, start: number, end: number) {
    this.#file = file;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** The next bytes, `most` of them unless the part ends before. They stay where they are. */
  async peek(most: number): Promise<Uint8Array> {
    const count = Math.min(most, this.left);
    if (this.#window.byteLength < count) {
      const size = Math.min(Math.max(count, WINDOW_BYTES), this.left);
      this.#window = await this.#file.read(this.#at, this.#at + size);
    }
    return this.#window.subarray(0, count);
  }

  /** The next bytes, in memory of their own. Throws RangeError beyond the end of the part. */
  async take(count: number): Promise<Uint8Array> {
    if (!(count >= 0 && count <= this.left)) throw new RangeError('beyond the end of what it belongs to');
    const fromWindow = this.#window.byteLength >= count;
    const taken = fromWindow
      ? Uint8Array.from(this.#window.subarray(0, count))
      : await this.#file.read(this.#at, this.#at + count);
    this.skip(count);
    return taken;
  }

  skip(count: number): void {
    this.#window = this.#window.subarray(count);
    this.#at += count;
  }
}

/** There is one for each column of a table. */
const WINDOW_BYTES = 32 << 10;
