import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';

describe('relativeError', () => {
  it('is the largest difference over the largest expected magnitude', () => {
    expect(relativeError([1, -4.5], [1, -4])).toBe(0.125);
    expect(relativeError([0, 0], [0, 0])).toBe(0);
  });

  it('is infinite for arrays of other lengths, for what is not finite, and for anything where zeros were due', () => {
    expect(relativeError([1], [1, 1])).toBe(Infinity);
    expect(relativeError([NaN, 1], [0, 1])).toBe(Infinity);
    expect(relativeError([1e-30], [0])).toBe(Infinity);
  });
});
