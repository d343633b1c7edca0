/**
 * One JSON list of objects, UTF-8, as many datasets of instructions are written. Cut into its items, so that it is never in
 * memory as a whole. What stands where an item should be is a bad row, and reading goes on behind the next comma of the list.
 */
import type { ReadRequest, Records, StreamFormat } from './dataset.ts';
import { objectOf } from './jsonl.ts';
import { BegunRecord, LF, textPieces, type Piece, type Splitter } from './text-pieces.ts';

const BLANKS: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'));
const [COMMA, QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = Buffer.from(',"\\[]{}');

export const jsonList: StreamFormat = {
  name: 'json',
  extensions: ['.json', '.jsonl', '.ndjson'],
  // Rows come before the bracket that closes the list, not behind it.
  appendable: false,

  refuse(head) {
    const first = head.find((byte) => !BLANKS.has(byte) && !BOM.has(byte));
    return first === OPEN_LIST ? null : 'it does not begin with a bracket';
  },

  async *parse(_path: string, chunks: AsyncIterable<Uint8Array>, request: ReadRequest): Records {
    let row = request.firstRow ?? 0;
    for await (const { line, bytes, problem } of textPieces(chunks, new ItemSplitter(request.maxRowBytes))) {
      if (row >= request.from) {
        const content = problem === null ? objectOf(bytes, request.maxRowBytes) : { reason: problem };
        yield { row, line, end: 0, content };
      }
      row++;
    }
    return row;
  },
};

const BOM: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);

type Place =
  | 'before the list'
  /** Behind the bracket, where the list may also end. */
  | 'first item'
  | 'item'
  | 'behind the list';

/** A record is an item of the list: what stands between its commas. */
class ItemSplitter implements Splitter {
  readonly #begun: BegunRecord;
  #place: Place = 'before the list';
  /** Lists and objects open within the item. */
  #depth = 0;
  #quoted = false;
  #escaped = false;
  /** Whether anything but blanks stands in the item. */
  #any = false;
  #line = 1;
  #firstLine = 1;
  #trailing = false;

  constructor(maxRowBytes: number) {
    this.#begun = new BegunRecord(maxRowBytes);
  }

  *push(chunk: Uint8Array): Iterable<Piece> {
    let from = 0;
    for (let i = 0; i < chunk.byteLength; i++) {
      const byte = chunk[i];
      if (byte === LF) this.#line++;
      if (this.#place === 'before the list') {
        // `refuse` has seen that a bracket is the first thing.
        if (byte === OPEN_LIST) this.#place = 'first item';
        from = i + 1;
      } else if (this.#place === 'behind the list') {
        if (!BLANKS.has(byte)) this.#trailing = true;
        from = i + 1;
      } else if (this.#ends(byte)) {
        // An empty list has no item; a comma before its end leaves one out.
        const none = byte === CLOSE_LIST && this.#place === 'first item' && !this.#any;
        if (!none) yield this.#finish(chunk.subarray(from, i));
        this.#place = byte === COMMA ? 'item' : 'behind the list';
        this.#any = false;
        from = i + 1;
      } else if (!this.#any && !BLANKS.has(byte)) {
        this.#any = true;
        this.#firstLine = this.#line;
        from = i;
      }
    }
    if (this.#any) this.#begun.add(chunk.subarray(from));
  }

  *end(): Iterable<Piece> {
    if (this.#place !== 'behind the list') {
      this.#begun.finish(new Uint8Array(0));
      yield this.#problem('the list is never closed: the file may have been cut off');
    } else if (this.#trailing) {
      this.#firstLine = this.#line;
      yield this.#problem('text follows the end of the list');
    }
  }

  /** Whether the byte ends the item. */
  #ends(byte: number): boolean {
    if (this.#quoted) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#quoted = false;
      return false;
    }
    if (byte === QUOTE) this.#quoted = true;
    else if (byte === OPEN || byte === OPEN_LIST) this.#depth++;
    else if (this.#depth === 0) return byte === COMMA || byte === CLOSE_LIST;
    else if (byte === CLOSE || byte === CLOSE_LIST) this.#depth--;
    return false;
  }

  #finish(last: Uint8Array): Piece {
    const bytes = this.#begun.finish(last);
    return { line: this.#firstLine, lastLine: this.#line, end: 0, bytes, problem: null };
  }

  #problem(problem: string): Piece {
    return { line: this.#firstLine, lastLine: this.#line, end: 0, bytes: null, problem };
  }
}
