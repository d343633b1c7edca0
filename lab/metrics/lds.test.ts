import { describe, expect, it } from 'vitest';
import { lds, spearman, subsetSums } from './lds.ts';

describe('spearman', () => {
  it('is 1 - 6 Σd² / n(n² - 1) where nothing is tied', () => {
    // Ranks 1 2 3 4 5 and 2 1 4 3 5: Σd² = 4.
    expect(spearman([1, 2, 3, 4, 5], [20, 10, 40, 30, 500])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 14);
    expect(spearman([1, 2, 3], [9, 4, 1])).toBe(-1);
  });

  it('gives ties the mean of their ranks', () => {
    // Ranks 1 2.5 2.5 4 and 1 2 3 4: Σxy = 4.5, Σx² = 4.5, Σy² = 5.
    expect(spearman([0, 1, 1, 2], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 14);
  });

  it('is 0, and a number, where one side does not vary', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
    expect(spearman([], [])).toBe(0);
  });
});

describe('lds', () => {
  it('is the mean over the outputs of their correlations', () => {
    const figure = lds(
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [
        [4, 5, 6],
        [5, 4, 6],
      ],
      1,
    );
    expect(figure.mean).toBeCloseTo((1 + 0.5) / 2, 14);
    expect(figure.worst).toBeCloseTo(0.5, 14);
  });

  it('is turned round by a sign that is wrong', () => {
    const scores = [3, 1, -2, 0.5];
    const subsets = [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ];
    const predicted = subsetSums(scores, subsets);
    expect(predicted).toEqual([4, -1, -1.5, 3.5]);
    const measured = [predicted.map((sum) => Math.exp(sum))];
    expect(lds([predicted], measured, 1).mean).toBe(1);
    expect(
      lds(
        [
          subsetSums(
            scores.map((score) => -score),
            subsets,
          ),
        ],
        measured,
        1,
      ).mean,
    ).toBe(-1);
  });

  it('refuses what cannot be paired', () => {
    const mismatch = expect.objectContaining({ code: 'SHAPE_MISMATCH' }) as Error;
    expect(() => lds([[1, 2]], [], 1)).toThrow(mismatch);
    expect(() => lds([[1, 2]], [[1, 2, 3]], 1)).toThrow(mismatch);
  });
});
