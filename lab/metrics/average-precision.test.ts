import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { averagePrecision, chanceAveragePrecision } from './average-precision.ts';
import { mean } from './mean.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

describe('averagePrecision', () => {
  it('is the mean of the precisions at the rows to find', () => {
    // Found at ranks 1, 3 and 6 of 6.
    expect(averagePrecision([4, 0, 2, 1, 3, 5], new Set([4, 2, 5]))).toBeCloseTo((1 + 2 / 3 + 3 / 6) / 3, 14);
  });

  it('is 1 where all rows to find come first, and least where they come last', () => {
    expect(averagePrecision([2, 0, 1], new Set([0, 2]))).toBe(1);
    expect(averagePrecision([1, 0, 2], new Set([0, 2]))).toBeCloseTo((1 / 2 + 2 / 3) / 2, 14);
  });

  it('takes rows that are not ranked for the last', () => {
    expect(averagePrecision([3, 0], new Set([0, 1]), 4)).toBeCloseTo((1 / 2 + 2 / 4) / 2, 14);
  });

  it.each([
    ['no row is to be found', new Set<number>()],
    ['every row is', new Set([0, 1, 2])],
  ])('says so, instead of giving a figure, where %s', (_what, wanted) => {
    expect(() => averagePrecision([0, 1, 2], wanted)).toThrow(
      expect.objectContaining({ code: 'EVALUATION_EMPTY' }),
    );
  });

  it('refuses rows to find that are not there', () => {
    expect(() => averagePrecision([0, 1, 2], new Set([3]))).toThrow(/row 3 .* of 3 rows/);
  });
});

describe('chanceAveragePrecision', () => {
  it('is what random rankings have on average', () => {
    const random = new Random(1);
    const wanted = new Set([0, 1, 2, 3]);
    const drawn = upTo(4000).map(() => averagePrecision(random.shuffle(upTo(30)), wanted));
    expect(mean(drawn)).toBeCloseTo(chanceAveragePrecision(4, 30), 2);
  });

  it('is the mean of the two rankings of two rows', () => {
    expect(chanceAveragePrecision(1, 2)).toBeCloseTo((1 + 1 / 2) / 2, 14);
  });
});
