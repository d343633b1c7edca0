/** Exact numbers of bytes out of a file's chunks. */

export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** In memory of their own; fewer at the end of the file. */
  async upTo(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count && (await this.#fill())) {
      const part = this.#chunk.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.byteLength;
      this.#chunk = this.#chunk.subarray(part.byteLength);
    }
    return bytes.subarray(0, filled);
  }

  /** Throws an Error where the file ends before. */
  async exactly(count: number): Promise<Uint8Array> {
    const bytes = await this.upTo(count);
    if (bytes.byteLength < count) throw new Error('it is cut off');
    return bytes;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (!(await this.#fill())) throw new Error('it is cut off');
      const part = Math.min(left, this.#chunk.byteLength);
      this.#chunk = this.#chunk.subarray(part);
      left -= part;
    }
  }

  /** To the end of the file. */
  async skipAll(): Promise<void> {
    while (await this.#fill()) this.#chunk = new Uint8Array(0);
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.byteLength === 0 && !this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#chunk = next.value;
    }
    return this.#chunk.byteLength > 0;
  }
}
