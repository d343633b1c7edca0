import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { chance, meanQuality, qualityOf } from './ranking.ts';

const rows = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

describe('qualityOf', () => {
  it('is 1 where all rows to find come first', () => {
    expect(qualityOf([2, 0, 1], new Set([0, 2]), 3).averagePrecision).toBe(1);
  });

  it('is the mean of the precisions at the rows to find', () => {
    expect(qualityOf([5, 1, 2, 7], new Set([1, 7]), 9).averagePrecision).toBeCloseTo((1 / 2 + 2 / 4) / 2, 12);
  });

  it('counts rows to find among the ten best', () => {
    expect(qualityOf(rows(20), new Set([0, 9, 10]), 20).precisionAt10).toBe(0.2);
  });

  it('takes rows that are not ranked for the last of the dataset', () => {
    const whole = [3, 4, 5, 6, 7, 8, 9, 0, 1, 2];
    const wanted = new Set([4, 1, 2]);
    const { averagePrecision } = qualityOf(whole, wanted, 10);
    expect(qualityOf(whole.slice(0, 6), wanted, 10).averagePrecision).toBeCloseTo(averagePrecision, 12);
  });
});

it('knows what rankings by chance have on average', () => {
  const random = new Random(1);
  const wanted = new Set([0, 1, 2, 3]);
  const drawn = Array.from({ length: 4000 }, () => qualityOf(random.shuffle(rows(30)), wanted, 30));
  const expected = chance(4, 30);
  expect(meanQuality(drawn).averagePrecision).toBeCloseTo(expected.averagePrecision, 2);
  expect(meanQuality(drawn).precisionAt10).toBeCloseTo(expected.precisionAt10, 2);
});
