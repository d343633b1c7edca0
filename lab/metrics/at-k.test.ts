import { expect, it } from 'vitest';
import { precisionAt, recallAt } from './at-k.ts';

const RANKED = [7, 2, 0, 5, 1, 3, 4, 6];
const WANTED = new Set([7, 0, 6]);

it('counts the rows to find among the k best', () => {
  expect(precisionAt(RANKED, WANTED, 1)).toBe(1);
  expect(precisionAt(RANKED, WANTED, 2)).toBe(1 / 2);
  expect(precisionAt(RANKED, WANTED, 5)).toBe(2 / 5);
});

it('knows what share of them that is', () => {
  expect(recallAt(RANKED, WANTED, 2)).toBe(1 / 3);
  expect(recallAt(RANKED, WANTED, 8)).toBe(1);
});

it('goes by the rows that there are where k is more', () => {
  expect(precisionAt(RANKED, WANTED, 50)).toBe(3 / 8);
  expect(recallAt(RANKED, WANTED, 50)).toBe(1);
  expect(precisionAt([], WANTED, 50)).toBe(0);
});

it('is the same for both at as many rows as there are to find', () => {
  expect(precisionAt(RANKED, WANTED, 3)).toBe(recallAt(RANKED, WANTED, 3));
});
