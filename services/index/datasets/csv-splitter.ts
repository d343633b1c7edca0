/**
 * Comma-separated values (RFC 4180) cut into records, and a record into fields. A field may stand in quotes, and then hold
 * delimiters, line ends and doubled quotes. What breaks these rules is named, and reading goes on at the next line: a quote
 * that is never closed costs the lines up to the next quote or the longest record allowed, and the reason names them.
 *
 * Not csv-parse (which the tests compare with): its recovery keeps reading into a quote left open, whatever its size.
 */
import { BegunRecord, CR, LF, type Piece, type Splitter } from './text-pieces.ts';

const QUOTE = 0x22;

/** Where in a record the next byte stands. */
type State =
  | 'field start'
  | 'plain'
  | 'quoted'
  /** After a quote inside quotes: it closes them, unless a second one follows. */
  | 'quote seen'
  /** After a closing quote and \r: only \n may follow. */
  | 'line end'
  /** A rule was broken: nothing but a line end counts. */
  | 'broken';

export class CsvSplitter implements Splitter {
  readonly #begun: BegunRecord;
  readonly #delimiter: number;
  #state: State = 'field start';
  #problem: string | null = null;
  #firstLine = 1;
  #line = 1;
  #offset = 0;

  /** @param delimiter one ASCII character */
  constructor(delimiter: string, maxRowBytes: number) {
    this.#begun = new BegunRecord(maxRowBytes);
    this.#delimiter = delimiter.charCodeAt(0);
  }

  *push(chunk: Uint8Array): Iterable<Piece> {
    let from = 0;
    for (let i = 0; i < chunk.byteLength; i++) {
      const byte = chunk[i];
      if (byte !== LF) this.#step(byte);
      else if (this.#state === 'quoted' && !this.#begun.isTooLongWith(i - from)) this.#line++;
      else {
        yield this.#finish(chunk.subarray(from, i), this.#offset + i);
        this.#firstLine = ++this.#line;
        from = i + 1;
      }
    }
    this.#begun.add(chunk.subarray(from));
    this.#offset += chunk.byteLength;
  }

  *end(): Iterable<Piece> {
    if (this.#state === 'quoted') this.#break('a quote is never closed');
    if (this.#begun.size > 0) yield this.#finish(new Uint8Array(0), this.#offset);
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'field start':
      case 'plain':
        if (byte === this.#delimiter) this.#state = 'field start';
        else if (byte !== QUOTE) this.#state = 'plain';
        else if (this.#state === 'field start') this.#state = 'quoted';
        else this.#break('a quote stands in a field that is not in quotes');
        break;
      case 'quoted':
        if (byte === QUOTE) this.#state = 'quote seen';
        break;
      case 'quote seen':
        if (byte === this.#delimiter) this.#state = 'field start';
        else if (byte === QUOTE) this.#state = 'quoted';
        else if (byte === CR) this.#state = 'line end';
        else this.#break('text follows a closing quote');
        break;
      case 'line end':
        this.#break('text follows a closing quote');
        break;
      case 'broken':
        break;
    }
  }

  #break(problem: string): void {
    this.#state = 'broken';
    this.#problem = problem;
  }

  #finish(last: Uint8Array, stop: number): Piece {
    const length = this.#begun.size + last.byteLength;
    const bytes = this.#begun.finish(last);
    const problem = this.#problem;
    this.#problem = null;
    this.#state = 'field start';
    const end = bytes === null ? stop : stop - (length - bytes.byteLength);
    return { line: this.#firstLine, lastLine: this.#line, end, bytes, problem };
  }
}

/** The fields of a record in which the splitter found no problem; no more than `most`, and one to show that there are more. */
export function splitFields(record: string, delimiter: string, most: number): string[] {
  const fields: string[] = [];
  for (let at = 0; fields.length <= most; at++) {
    if (record[at] === '"') {
      let close = record.indexOf('"', at + 1);
      while (record[close + 1] === '"') close = record.indexOf('"', close + 2);
      fields.push(record.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
    } else {
      const stop = record.indexOf(delimiter, at);
      const end = stop < 0 ? record.length : stop;
      fields.push(record.slice(at, end));
      at = end;
    }
    if (at >= record.length) break;
  }
  return fields;
}
