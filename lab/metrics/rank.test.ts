import { expect, it } from 'vitest';
import { mean } from './mean.ts';
import { ranking, rankings } from './rank.ts';
import { averageRanks } from './ranks.ts';

it('ranks the best first', () => {
  expect(ranking([0.1, -2, 7, 0.5], 1)).toEqual([2, 3, 0, 1]);
});

it('gives no place in the file a better chance where scores are the same', () => {
  const places = Array.from({ length: 2000 }, (_, seed) => ranking([5, 5, 5, 5], seed).indexOf(3));
  expect(mean(places)).toBeCloseTo(1.5, 1);
});

it('ranks the same by the same seed', () => {
  const equal = new Float64Array(50);
  expect(ranking(equal, 3)).toEqual(ranking(equal, 3));
  expect(ranking(equal, 3)).not.toEqual(ranking(equal, 4));
});

it('breaks the ties of two outputs in two ways', () => {
  const [first, second] = rankings([new Float64Array(50), new Float64Array(50)], 3);
  expect(first).not.toEqual(second);
});

it('gives equal values the mean of their ranks', () => {
  expect([...averageRanks([3, 1, 3, 2, 3])]).toEqual([4, 1, 4, 2, 4]);
  expect([...averageRanks([])]).toEqual([]);
});
