import { describe, expect, it } from 'vitest';
import { Pool } from './pool.ts';

const rows = ['a', 'b', 'c', 'd'].map((prompt) => ({ prompt, response: prompt.toUpperCase() }));
const words = { what: 'rows', from: 'rows' };

describe('Pool', () => {
  it('gives each row out once, in its order, and passes over those that nothing is made of', () => {
    const pool = new Pool(rows);
    const taken = pool.take(2, words, (row) => (row.prompt === 'a' ? undefined : row));
    expect(taken.map(({ prompt }) => prompt)).toEqual(['b', 'c']);
    expect(pool.take(2, words, (row) => row).map(({ prompt }) => prompt)).toEqual(['a', 'd']);
  });

  it('gives no prompt out twice, whatever it is made from', () => {
    const pool = new Pool(rows);
    expect(pool.claim('b')).toBe(true);
    expect(pool.claim('b')).toBe(false);
    expect(pool.take(2, words, (row) => row).map(({ prompt }) => prompt)).toEqual(['a', 'c']);
    expect(() => pool.take(2, words, () => ({ prompt: 'same' }))).toThrow(
      /^2 rows are wanted, .* has 1 rows/,
    );
  });

  it('tells how many it has made', () => {
    const made: number[] = [];
    new Pool(rows).take(3, words, (row, count) => (made.push(count), row));
    expect(made).toEqual([0, 1, 2]);
  });

  it('keeps rows that are unfit from a work, and puts them behind the others', () => {
    const pool = new Pool(rows);
    const taken = pool.without(
      ({ prompt }) => prompt === 'a',
      () => pool.take(1, words, (row) => row),
    );
    expect(taken.map(({ prompt }) => prompt)).toEqual(['b']);
    expect(pool.take(3, words, (row) => row).map(({ prompt }) => prompt)).toEqual(['c', 'd', 'a']);
  });

  it('takes those of the highest rank first, equals in their order, and leaves the others in theirs', () => {
    const pool = new Pool(rows);
    const taken = pool.take(
      2,
      words,
      (row) => row,
      ({ prompt }) => ['a', 'c'].indexOf(prompt),
    );
    expect(taken.map(({ prompt }) => prompt)).toEqual(['c', 'a']);
    const [first] = pool.take(
      1,
      words,
      (row) => row,
      () => 0,
    );
    expect(first.prompt).toBe('b');
    const again = new Pool(rows);
    again.take(
      1,
      words,
      (row) => row,
      ({ prompt }) => (prompt === 'c' ? 1 : 0),
    );
    expect(again.take(3, words, (row) => row).map(({ prompt }) => prompt)).toEqual(['a', 'b', 'd']);
  });
});
