/**
 * Reads the bytes of tensors whose places are known from a checked header: in parts, through one buffer, refusing a file
 * that is no longer the one whose header was checked.
 */
import type { FileHandle } from 'node:fs/promises';
import { ReptraceError } from '../../../../lib/errors.ts';
import { fileStamp } from './file-stamp.ts';
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

interface OpenFile {
  readonly file: FileHandle;
  /** What it was when it was opened. */
  readonly stamp: string;
}

export class TensorReader {
  readonly #folder: Folder;
  readonly #keep: boolean;
  readonly #open = new Map<string, OpenFile>();
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  /** @param keep whether files stay open once they were read from: then they must stay as they were */
  constructor(folder: Folder, { keep = false }: { readonly keep?: boolean } = {}) {
    this.#folder = folder;
    this.#keep = keep;
  }

  /** Opens a file before anything is read of it. */
  async open(info: TensorInfo): Promise<void> {
    await this.#file(info);
  }

  /**
   * A tensor as stored, in parts of whole elements; a part is overwritten by the next.
   * @param from first byte that is read @param to one past the last
   */
  async *chunks(
    name: string,
    info: TensorInfo,
    from = 0,
    to = info.end - info.begin,
  ): AsyncGenerator<TensorChunk> {
    const file = await this.#file(info);
    for (let offset = from; offset < to; offset += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, to - offset);
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
    const opened = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(opened.map(({ file }) => file.close()));
  }

  async #file(info: TensorInfo): Promise<FileHandle> {
    const known = this.#open.get(info.file);
    if (known !== undefined) {
      if (this.#keep && (await fileStamp(known.file)) !== known.stamp) throw changed(info.file);
      return known.file;
    }
    if (!this.#keep) await this.close();
    const opened = await openFile(this.#folder, info.file);
    if (opened === undefined) throw changed(info.file);
    const { file, size } = opened;
    this.#open.set(info.file, { file, stamp: await fileStamp(file) });
    if (size !== info.fileSize) throw changed(info.file);
    return file;
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
