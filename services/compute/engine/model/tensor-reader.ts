/**
 * Reads the bytes of tensors whose places are known from a checked header: in parts, through one buffer and one open
 * file at a time, refusing a file that is no longer the one whose header was checked.
 */
import type { FileHandle } from 'node:fs/promises';
import { ReptraceError } from '../../../../lib/errors.ts';
import { openFile, readInto, type Folder } from './folder-files.ts';
import { quoteName } from './safetensors.ts';
import type { TensorInfo } from './tensor-files.ts';

/** Large enough to be fast, small beside any model, and a multiple of every element size. */
const CHUNK_BYTES = 1 << 23;

export interface TensorChunk {
  readonly chunk: Uint8Array<ArrayBuffer>;
  /** Bytes of the tensor before this chunk. */
  readonly offset: number;
}

export class TensorReader {
  readonly #folder: Folder;
  #open: { name: string; file: FileHandle } | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** A tensor as stored, in parts of whole elements; a part is overwritten by the next. */
  async *chunks(name: string, info: TensorInfo): AsyncGenerator<TensorChunk> {
    const file = await this.#file(info);
    const size = info.end - info.begin;
    for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, size - offset);
      const chunk = this.#space(length);
      if ((await readInto(file, chunk, info.begin + offset)) !== length) throw changed(info.file, name);
      yield { chunk, offset };
    }
  }

  /** A whole tensor, as stored. */
  async whole(name: string, info: TensorInfo): Promise<Uint8Array<ArrayBuffer>> {
    // The header was checked against the file: this is never more than the file has.
    const bytes = new Uint8Array(info.end - info.begin);
    for await (const { chunk, offset } of this.chunks(name, info)) bytes.set(chunk, offset);
    return bytes;
  }

  async close(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
  }

  async #file(info: TensorInfo): Promise<FileHandle> {
    if (this.#open?.name === info.file) return this.#open.file;
    await this.close();
    const opened = await openFile(this.#folder, info.file);
    if (opened === undefined) throw changed(info.file);
    this.#open = { name: info.file, file: opened.file };
    if (opened.size !== info.fileSize) throw changed(info.file);
    return opened.file;
  }

  #space(length: number): Uint8Array<ArrayBuffer> {
    if (this.#buffer === undefined || this.#buffer.byteLength < length) this.#buffer = new Uint8Array(length);
    return this.#buffer.subarray(0, length);
  }
}

function changed(file: string, tensor?: string): ReptraceError {
  const where = tensor === undefined ? '' : ` (reading tensor ${quoteName(tensor)})`;
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The file ${JSON.stringify(file)} was changed or removed while the model was in use${where}.`,
    'Let no other program write to the folder, and open it again.',
  );
}
