/** JSON lines: one object a line, UTF-8. Blank lines are not rows. A bad line never costs another one. */
import { reasonOf } from '../../../lib/errors.ts';
import type { ReadRequest, RecordContent, Records, StreamFormat } from './dataset.ts';
import { parseJsonLine } from './json-line.ts';
import { plain } from './problems.ts';
import {
  BegunRecord,
  decodeUtf8,
  LF,
  NOT_UTF8,
  textPieces,
  tooLongReason,
  type Piece,
  type Splitter,
} from './text-pieces.ts';

const BLANKS: ReadonlySet<number> = new Set(Buffer.from(' \t\r'));

export const jsonl: StreamFormat = {
  name: 'jsonl',
  extensions: ['.jsonl', '.ndjson', '.json'],

  appendable: true,

  refuse: () => null,

  async *parse(_path: string, chunks: AsyncIterable<Uint8Array>, request: ReadRequest): Records {
    let row = request.firstRow ?? 0;
    for await (const piece of textPieces(chunks, new LineSplitter(request.maxRowBytes))) {
      if (piece.bytes?.every((byte) => BLANKS.has(byte)) === true) continue;
      if (row >= request.from) {
        const { line, end } = piece;
        yield { row, line, end, content: objectOf(piece.bytes, request.maxRowBytes) };
      }
      row++;
    }
    return row;
  },
};

/** @param bytes null for a row that is too long */
export function objectOf(bytes: Uint8Array | null, maxRowBytes: number): RecordContent {
  if (bytes === null) return { reason: tooLongReason(maxRowBytes) };
  const text = decodeUtf8(bytes);
  if (text === null) return { reason: NOT_UTF8 };
  try {
    return { values: parseJsonLine(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { reason: plain(reasonOf(error)) };
    throw error;
  }
}

/** A record is a line. */
class LineSplitter implements Splitter {
  readonly #begun: BegunRecord;
  #line = 1;
  /** Offset of the byte after those pushed. */
  #offset = 0;

  constructor(maxRowBytes: number) {
    this.#begun = new BegunRecord(maxRowBytes);
  }

  *push(chunk: Uint8Array): Iterable<Piece> {
    let from = 0;
    for (let stop = chunk.indexOf(LF); stop >= 0; stop = chunk.indexOf(LF, from)) {
      yield this.#finish(chunk.subarray(from, stop), this.#offset + stop);
      from = stop + 1;
    }
    this.#begun.add(chunk.subarray(from));
    this.#offset += chunk.byteLength;
  }

  *end(): Iterable<Piece> {
    if (this.#begun.size > 0) yield this.#finish(new Uint8Array(0), this.#offset);
  }

  #finish(last: Uint8Array, stop: number): Piece {
    const length = this.#begun.size + last.byteLength;
    const bytes = this.#begun.finish(last);
    const line = this.#line++;
    // What a \r took from the bytes is part of the line end.
    const end = bytes === null ? stop : stop - (length - bytes.byteLength);
    return { line, lastLine: line, end, bytes, problem: null };
  }
}
