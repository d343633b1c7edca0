import { describe, expect, it } from 'vitest';
import { normalArrays } from './gradient-checks.ts';
import { tokenScores, unitRowSum } from './token-scores.ts';

describe('unitRowSum', () => {
  it('adds unit rows of its range, and nothing for zero rows', () => {
    const g = [9, 9, 3, 4, 0, 0, 0, -2, 7, 7];
    expect([...unitRowSum({ g, rows: 5, width: 2, first: 1, count: 3 })]).toEqual([0.6, 0.8 - 1]);
  });
});

describe('tokenScores', () => {
  it('is the product with the unit row, whatever its length, and 0 for a zero row', () => {
    const scores = tokenScores({ query: [2, 1], g: [3, 4, 0, 0, 3e-20, 4e-20], rows: 3, width: 2 });
    expect(scores[0]).toBeCloseTo(2, 12);
    expect(scores[1]).toBe(0);
    expect(scores[2]).toBeCloseTo(2, 12);
  });

  it('scores a sample against itself as its rows agree with each other', () => {
    const g = normalArrays(13)(4 * 3);
    const query = unitRowSum({ g, rows: 4, width: 3, first: 0, count: 4 });
    const scores = tokenScores({ query, g, rows: 4, width: 3 });
    const total = scores.reduce((a, b) => a + b, 0);
    expect(total).toBeCloseTo(
      query.reduce((a, b) => a + b * b, 0),
      12,
    );
  });
});
