import { expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { auroc, aurocBetween } from './auroc.ts';

it('is the share of pairs that are in order', () => {
  // To find: 5 and 2; of the six pairs with 1, 3, 4 four are in order.
  expect(auroc([5, 1, 2, 3, 4], new Set([0, 2]))).toBeCloseTo(4 / 6, 14);
});

it('counts a tie half', () => {
  expect(auroc([1, 1, 1, 1], new Set([0]))).toBe(1 / 2);
  expect(aurocBetween([2, 3], [2, 1])).toBeCloseTo(3.5 / 4, 14);
});

it('is what comparing every pair gives', () => {
  const random = new Random(5);
  const scores = Array.from({ length: 60 }, () => random.int(20));
  const wanted = new Set(Array.from({ length: 17 }, (_, i) => 3 * i));
  let sum = 0;
  for (const [i, high] of scores.entries()) {
    for (const [j, low] of scores.entries()) {
      if (wanted.has(i) && !wanted.has(j)) sum += high > low ? 1 : high === low ? 0.5 : 0;
    }
  }
  expect(auroc(scores, wanted)).toBeCloseTo(sum / (17 * 43), 14);
});

it('is no figure where there is nothing to tell apart', () => {
  const empty = expect.objectContaining({ code: 'EVALUATION_EMPTY' }) as Error;
  expect(() => auroc([1, 2], new Set())).toThrow(empty);
  expect(() => aurocBetween([1], [])).toThrow(empty);
});
