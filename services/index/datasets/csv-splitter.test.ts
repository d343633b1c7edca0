/** Compared with csv-parse, an implementation of its own, over seeded tables. */
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { CsvSplitter, splitFields } from './csv-splitter.ts';
import type { Piece } from './text-pieces.ts';

/** All records, the text pushed in chunks of random sizes. */
function split(text: string, random: Random): { fields: string[][]; pieces: Piece[] } {
  const bytes = Buffer.from(text);
  const splitter = new CsvSplitter(',', 1 << 20);
  const fields: string[][] = [];
  const pieces: Piece[] = [];
  const take = (some: Iterable<Piece>): void => {
    for (const piece of some) {
      pieces.push(piece);
      if (piece.bytes === null || piece.problem !== null) throw new Error(piece.problem ?? 'too long');
      if (piece.bytes.byteLength > 0) fields.push(splitFields(Buffer.from(piece.bytes).toString(), ',', 100));
    }
  };
  for (let at = 0; at < bytes.byteLength;) {
    const size = 1 + random.int(12);
    take(splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  take(splitter.end());
  return { fields, pieces };
}

const BITS = ['a', ' ', 'ä', '🙂', ',', '"', '\n', '\r\n', '', '\\', "'", '\0', '\t', '0'];

function quoted(field: string, random: Random): string {
  const must = /[",\n\r]/.test(field);
  return must || random.int(4) === 0 ? `"${field.replaceAll('"', '""')}"` : field;
}

describe('the CSV splitter', () => {
  it('gives back what was written, and reads it as csv-parse does', () => {
    const random = new Random(5);
    for (let table = 0; table < 300; table++) {
      const columns = 2 + random.int(3);
      const rows = Array.from({ length: 1 + random.int(6) }, () =>
        Array.from({ length: columns }, () =>
          Array.from({ length: random.int(5) }, () => random.pick(BITS)).join(''),
        ),
      );
      const end = random.pick(['\n', '\r\n']);
      const text =
        rows.map((row) => row.map((field) => quoted(field, random)).join(',')).join(end) +
        random.pick(['', end]);
      const { fields } = split(text, random);
      expect(fields, JSON.stringify(text)).toEqual(rows);
      expect(fields).toEqual(parse(text, { record_delimiter: end, skip_empty_lines: true }));
    }
  });

  it('finds fault with noise where csv-parse does', () => {
    const random = new Random(6);
    const tally = { good: 0, bad: 0 };
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: 1 + random.int(12) }, () =>
        random.pick(['a', ',', '"', '"', '\n']),
      ).join('');
      const attempt = <T>(reading: () => T): T | 'bad' => {
        try {
          return reading();
        } catch {
          return 'bad';
        }
      };
      const ours = attempt(() => split(text, random).fields);
      const theirs = attempt(() =>
        parse(text, { record_delimiter: '\n', skip_empty_lines: true, relax_column_count: true }),
      );
      expect(ours, JSON.stringify(text)).toEqual(theirs);
      tally[ours === 'bad' ? 'bad' : 'good']++;
    }
    expect(tally.good).toBeGreaterThan(200);
    expect(tally.bad).toBeGreaterThan(200);
  });

  it('says where each record begins, and where it ends in the file', () => {
    const text = 'a,"b\n\n"\r\nc,d\n\n"e",f';
    const { pieces } = split(text, new Random(1));
    expect(pieces.map(({ line, lastLine, end }) => [line, lastLine, end])).toEqual([
      [1, 3, 7],
      [4, 4, 12],
      [5, 5, 13],
      [6, 6, 19],
    ]);
  });
});
