/** Rows out of the messages of an Arrow file: its columns, its dictionaries as they are so far, and a record batch at a time. */
import { checkRows, contentOf } from '../binary-values.ts';
import type { ReadRequest, SourceRecord } from '../dataset.ts';
import { Batch, MAX_BATCH_BYTES } from './batch.ts';
import { readColumn, type Column } from './columns.ts';
import { Table } from './flatbuffer.ts';
import { readSchema, type Schema } from './schema.ts';

/** Of a message's description: some dozens a column. */
export const MAX_HEADER_BYTES = 16 << 20;
/** Rows are added to a dictionary in pieces; each is looked through for a value. */
const MAX_PIECES = 1000;

export const MESSAGE = { schema: 1, dictionary: 2, records: 3 } as const;

export interface Message {
  readonly type: number;
  readonly header: Table;
  readonly bodyBytes: number;
}

/** @param description without the size before it. Throws an Error. */
export function messageOf(description: Uint8Array): Message {
  const message = Table.root(description);
  const header = message.table(2);
  if (header === null) throw new Error('the description of a batch is empty');
  const bodyBytes = message.size(3);
  if (bodyBytes > MAX_BATCH_BYTES)
    throw new Error(`a batch of ${bodyBytes} bytes is larger than ${MAX_BATCH_BYTES}: write smaller batches`);
  return { type: message.uint8(1), header, bodyBytes };
}

/** Its functions throw an Error that says what is wrong with the file. */
export class Decoder {
  readonly #schema: Schema;
  readonly #request: ReadRequest;
  readonly #columns = new Map<number, Column>();
  readonly #held = new Map<number, { pieces: readonly Column[]; bytes: number }>();
  /** Number of the next row. */
  #row: number;

  constructor(schema: Table, request: ReadRequest) {
    this.#schema = readSchema(schema);
    this.#request = request;
    if (this.#schema.columns.length === 0) throw new Error('it has no columns');
    this.#row = request.firstRow ?? 0;
  }

  get row(): number {
    return this.#row;
  }

  /** Whether rows of the batch are wanted; where they are not, `skip` it. */
  wants({ header, bodyBytes }: Message): boolean {
    const rows = rowsIn(header);
    checkRows(rows, bodyBytes);
    return this.#row + rows > this.#request.from;
  }

  skip(header: Table): void {
    this.#row += rowsIn(header);
  }

  *records(header: Table, body: Uint8Array): Generator<SourceRecord> {
    const { from, maxRowBytes } = this.#request;
    const batch = new Batch(header, body);
    const columns = this.#schema.columns.map((field) => {
      const column = readColumn(field, batch, this.#columns);
      if (column.length !== batch.rows) throw new Error('a column has other rows than its batch');
      return [field.name, column] as const;
    });
    const first = this.#row;
    this.skip(header);
    for (let i = Math.max(0, from - first); i < batch.rows; i++) {
      const row = first + i;
      const content = contentOf(
        maxRowBytes,
        columns.map(([name, column]) => [name, (budget) => column.value(i, budget)]),
      );
      yield { row, line: row + 1, end: 0, content };
    }
  }

  addDictionary(header: Table, body: Uint8Array): void {
    const id = header.size(0);
    const field = this.#schema.dictionaries.get(id);
    const data = header.table(1);
    if (field === undefined || data === null) throw new Error('a dictionary belongs to no column');
    const batch = new Batch(data, body);
    const piece = readColumn(field, batch, new Map());
    const before = header.flag(2) ? this.#held.get(id) : undefined;
    const pieces = [...(before?.pieces ?? []), piece];
    this.#held.set(id, { pieces, bytes: (before?.bytes ?? 0) + batch.bytes });
    const bytes = [...this.#held.values()].reduce((sum, held) => sum + held.bytes, 0);
    if (bytes > MAX_BATCH_BYTES || pieces.length > MAX_PIECES)
      throw new Error(`its dictionaries have more than ${MAX_BATCH_BYTES} bytes or ${MAX_PIECES} pieces`);
    this.#columns.set(id, pieces.length === 1 ? piece : joined(pieces));
  }
}

function rowsIn(header: Table): number {
  return header.size(0);
}

function joined(pieces: readonly Column[]): Column {
  return {
    length: pieces.reduce((sum, piece) => sum + piece.length, 0),
    value(row, budget) {
      let within = row;
      for (const piece of pieces) {
        if (within < piece.length) return piece.value(within, budget);
        within -= piece.length;
      }
      throw new RangeError('beyond the end of a dictionary');
    },
  };
}
