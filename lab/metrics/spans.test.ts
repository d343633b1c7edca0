import { expect, it } from 'vitest';
import { spanPrecision, tokensInSpan } from './spans.ts';

it('finds the tokens that share a character with the span', () => {
  const tokens = [
    [0, 3],
    [3, 7],
    [7, 8],
    [8, 12],
  ] as const;
  expect(tokensInSpan(tokens, [2, 7])).toEqual([true, true, false, false]);
  expect(tokensInSpan(tokens, [7, 8])).toEqual([false, false, true, false]);
});

it('is the average precision of the span’s tokens', () => {
  // By score: in, out, in, out.
  expect(spanPrecision([1, 9, 3, 4], [false, true, true, false], 1)).toBeCloseTo((1 + 2 / 3) / 2, 14);
});

it('is nothing where no token is of the span, or all are', () => {
  expect(spanPrecision([1, 2], [false, false], 1)).toBeNull();
  expect(spanPrecision([1, 2], [true, true], 1)).toBeNull();
  expect(spanPrecision([], [], 1)).toBeNull();
});
