import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { filterSql, sqlNumber, sqlText } from './sql.ts';

/** What DataFusion reads: from the first quote to the first one that is not doubled. */
function read(sql: string): { text: string; rest: string } {
  const inside = /^'((?:[^']|'')*)'/.exec(sql);
  if (inside === null) throw new Error(`no literal: ${sql}`);
  return { text: inside[1].replaceAll("''", "'"), rest: sql.slice(inside[0].length) };
}

describe('SQL of a filter', () => {
  it('keeps every text within its literal', () => {
    const random = new Random(11);
    const parts = [
      "'",
      "''",
      '"',
      ';',
      '\\',
      "\\'",
      '%',
      '_',
      '\0',
      '\n',
      '--',
      '/*',
      'é',
      '😀',
      'x',
      ') OR true',
    ];
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: random.int(8) }, () => random.pick(parts)).join('');
      expect(read(`${sqlText(text)} tail`)).toEqual({ text, rest: ' tail' });
    }
  });

  it('refuses numbers that are not whole', () => {
    for (const value of [NaN, Infinity, 1.5, 2 ** 60]) expect(() => sqlNumber(value)).toThrow(RangeError);
  });

  it('is nothing for no conditions, and false for an empty choice', () => {
    expect(filterSql({})).toBeUndefined();
    expect(filterSql({ withoutLabels: [], metadata: [] })).toBeUndefined();
    expect(filterSql({ labels: [], rows: [] })).toBe('false AND false');
  });

  it('lets samples without a label pass `withoutLabels`', () => {
    expect(filterSql({ withoutLabels: ["it's"] })).toBe("(label IS NULL OR NOT (label IN ('it''s')))");
  });
});
