/**
 * A text file cut into the bytes of its records, by a splitter that knows where a record ends. Line ends are \n or \r\n.
 * Memory is bounded by the longest record allowed: a longer one is passed over up to the end of a line, and reported.
 */
export const LF = 0x0a;
export const CR = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export interface Piece {
  /** 1-based lines of the file, the first and the last of the record. */
  readonly line: number;
  readonly lastLine: number;
  /** Offset behind the record, its line end not counted; from where the splitter began. */
  readonly end: number;
  /** Without the line end, valid until the next piece is asked for; null where the record was too long. */
  readonly bytes: Uint8Array | null;
  /** What a splitter found wrong on the way. */
  readonly problem: string | null;
}

export interface Splitter {
  push(chunk: Uint8Array): Iterable<Piece>;
  /** What follows the last line end, if anything does. */
  end(): Iterable<Piece>;
}

/** Offsets count a byte order mark, and the splitter does not see it. */
export async function* textPieces(
  chunks: AsyncIterable<Uint8Array>,
  splitter: Splitter,
): AsyncGenerator<Piece> {
  let skipped = 0;
  let head: Uint8Array | null = new Uint8Array(0);
  const located = (piece: Piece): Piece => (skipped === 0 ? piece : { ...piece, end: piece.end + skipped });
  for await (const chunk of chunks) {
    let content = chunk;
    if (head !== null) {
      content = Buffer.concat([head, chunk]);
      if (content.byteLength < BOM.byteLength) {
        head = content;
        continue;
      }
      head = null;
      if (BOM.equals(content.subarray(0, BOM.byteLength))) {
        skipped = BOM.byteLength;
        content = content.subarray(skipped);
      }
    }
    for (const piece of splitter.push(content)) yield located(piece);
  }
  if (head !== null) for (const piece of splitter.push(head)) yield located(piece);
  for (const piece of splitter.end()) yield located(piece);
}

/** The begun record's bytes from earlier chunks; they are let go once they are too many. */
export class BegunRecord {
  #parts: Uint8Array[] = [];
  #size = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  isTooLongWith(more: number): boolean {
    return this.#size + more > this.#limit;
  }

  /** The part is copied. */
  add(part: Uint8Array): void {
    if (part.byteLength === 0) return;
    if (this.isTooLongWith(part.byteLength)) this.#parts = [];
    else this.#parts.push(Uint8Array.from(part));
    this.#size += part.byteLength;
  }

  /** The whole record with its last part, without a \r at the end; null when too long. Begins a new one. */
  finish(last: Uint8Array): Uint8Array | null {
    const tooLong = this.isTooLongWith(last.byteLength);
    const parts = this.#parts;
    this.#parts = [];
    this.#size = 0;
    if (tooLong) return null;
    const whole = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    return whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
  }
}

export const NOT_UTF8 = 'the text is not UTF-8';

/** Null for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return null;
  }
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function tooLongReason(maxRowBytes: number): string {
  return `the row is longer than ${maxRowBytes} bytes`;
}
