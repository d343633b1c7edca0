import { describe, expect, it } from 'vitest';
import { sum, sumOfSquares } from './reduce.ts';

describe('reductions', () => {
  it('add up values and squares', () => {
    expect(sum([1, -2, 4])).toBe(3);
    expect(sumOfSquares([1, -2, 4])).toBe(21);
    expect([sum([]), sumOfSquares([])]).toEqual([0, 0]);
  });
});
