import { expect, it } from 'vitest';
import { growth, growthSummary } from './growth.ts';

it('compares rounds with themselves, so that one disturbed round does not count', () => {
  const ratios = growth([
    [1, 10, 1],
    [2, 20, 2],
    [5, 45, 5],
  ]);
  expect(ratios).toEqual([null, 2, 2.5]);
  expect(growthSummary(ratios)?.most).toBe(2.5);
});

it('tells nothing of one size', () => {
  expect(growth([[3]])).toEqual([null]);
  expect(growthSummary([null])).toBeUndefined();
});

it('tells what one growth would come to the same', () => {
  const summary = growthSummary([null, 1, 4]);
  expect(summary).toEqual({ most: 4, mean: 2 });
});
