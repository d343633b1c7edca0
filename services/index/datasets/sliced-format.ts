/** A format that is read from anywhere in its file. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { DatasetFormat, FileKind, ReadRequest, Records, Tap } from './dataset.ts';
import { fileChunks } from './file-chunks.ts';
import { FileSlices } from './file-slices.ts';
import { changedDataset, damaged } from './problems.ts';

export interface SlicedFormat extends FileKind {
  /** As people write the name. */
  readonly title: string;
  /**
   * Throws an Error that says what is wrong with the file.
   * @param passed to be told the offset behind which the rows to come are
   */
  read(file: FileSlices, request: ReadRequest, passed: (offset: number) => Promise<void>): Records;
}

/** The tap is shown the bytes in step with the rows; the file must stay as it is until the last row has been read. */
export function slicedFormat(format: SlicedFormat): DatasetFormat & FileKind {
  return {
    name: format.name,
    extensions: format.extensions,
    appendable: false,
    refuse: (head) => format.refuse(head),
    async *read(path, request): Records {
      const { name = path, limit, tap } = request;
      const file = await FileSlices.open(path, name);
      const shown = new Shown(path, tap);
      try {
        if (limit !== undefined && file.size !== limit) throw changedDataset(name);
        const next = yield* format.read(file, request, (offset) => shown.upTo(offset));
        await shown.upTo(Infinity);
        await file.refuseChanged();
        return next;
      } catch (error) {
        await file.refuseChanged();
        throw error instanceof ReptraceError ? error : damaged(name, format.title, error);
      } finally {
        await shown.close();
        await file.close();
      }
    },
  };
}

/** The file's bytes in their order, as far as the tap has been shown them. */
class Shown {
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #tap: Tap | undefined;
  #offset = 0;

  constructor(path: string, tap: Tap | undefined) {
    this.#chunks = fileChunks(path);
    this.#tap = tap;
  }

  /** And the rest of the chunk that this is in. */
  async upTo(offset: number): Promise<void> {
    while (this.#tap !== undefined && this.#offset < offset) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      this.#tap(next.value);
      this.#offset += next.value.byteLength;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}
