import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { chanceAveragePrecision } from './average-precision.ts';
import { averagePrecisions, DEPTHS, measure } from './measure.ts';

const scores = (...byOutput: number[][]) => ({
  byOutput: byOutput.map((values) => Float64Array.from(values)),
});

describe('measure', () => {
  // Ranked 0 1 2 3 4 5, and 5 0 4 1 3 2.
  const two = scores([9, 8, 7, 6, 5, 4], [5, 3, 1, 2, 4, 6]);
  const poison = new Set([0, 1]);
  const { figures, precisionRecall } = measure(two, poison, 1);

  it('has every figure, mean and worst', () => {
    expect(figures.ap.mean).toBeCloseTo((1 + (1 / 2 + 2 / 4) / 2) / 2, 14);
    expect(figures.ap.worst).toBeCloseTo((1 / 2 + 2 / 4) / 2, 14);
    // Of the second output's 8 pairs, 3 of row 0 and 2 of row 1 are in order.
    expect(figures.auroc.mean).toBeCloseTo((1 + 5 / 8) / 2, 14);
    expect(figures.precision.poison.mean).toBeCloseTo((1 + 1 / 2) / 2, 14);
    expect(figures.precision['5'].mean).toBeCloseTo(2 / 5, 14);
    expect(figures.recall['5']).toEqual({ mean: 1, low: 1, high: 1, worst: 1 });
    expect(Object.keys(figures.precision)).toEqual([...DEPTHS]);
    expect(Object.keys(figures.recall)).toEqual([...DEPTHS]);
    expect(figures.auprc10).toBeGreaterThan(0);
  });

  it('has the mean of the curves', () => {
    expect(precisionRecall[0]).toBeCloseTo((1 + 1 / 2) / 2, 14);
    expect(precisionRecall[20]).toBeCloseTo((1 + 2 / 4) / 2, 14);
  });

  it('can be compared output by output', () => {
    expect(averagePrecisions(two, poison, 1)).toEqual([1, 0.5]);
  });

  it('gives constant scores what chance has, wherever the poison is in the file', () => {
    const constant = { byOutput: Array.from({ length: 400 }, () => new Float64Array(40)) };
    const first = measure(constant, new Set([0, 1, 2, 3]), 1).figures;
    const last = measure(constant, new Set([36, 37, 38, 39]), 1).figures;
    for (const { ap, auroc } of [first, last]) {
      expect(ap.mean).toBeCloseTo(chanceAveragePrecision(4, 40), 1);
      expect(auroc.mean).toBe(0.5);
    }
  });

  it('has only numbers, all from 0 to 1, whatever finite scores it is given', () => {
    const random = new Random(3);
    for (let round = 0; round < 20; round++) {
      const rows = 2 + random.int(70);
      const byOutput = Array.from({ length: 1 + random.int(4) }, () =>
        Float64Array.from({ length: rows }, () => (random.int(3) - 1) * 10 ** random.int(300)),
      );
      const some = new Set(random.shuffle([...byOutput[0].keys()]).slice(0, 1 + random.int(rows - 1)));
      const { figures: found, precisionRecall: curve } = measure({ byOutput }, some, round);
      const all = [found.ap, found.auroc, ...Object.values(found.precision), ...Object.values(found.recall)];
      const numbers = [
        found.auprc10,
        ...curve,
        ...all.flatMap((figure) => Object.values(figure) as number[]),
      ];
      for (const number of numbers) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });
});

describe('what cannot be measured has a named error', () => {
  it.each([
    ['no outputs', scores(), new Set([0])],
    ['no poison', scores([1, 2]), new Set<number>()],
    ['nothing but poison', scores([1, 2]), new Set([0, 1])],
  ])('%s', (_what, given, poison) => {
    const empty = expect.objectContaining({ code: 'EVALUATION_EMPTY' }) as Error;
    expect(() => measure(given, poison, 1)).toThrow(empty);
    expect(() => averagePrecisions(given, poison, 1)).toThrow(empty);
  });

  it('a score that is no number, by row and output', () => {
    expect(() => measure(scores([1, 2], [1, NaN]), new Set([0]), 1)).toThrow(/row 1 for output 1 is NaN/);
    expect(() => measure(scores([Infinity, 2]), new Set([0]), 1)).toThrow(/row 0 for output 0/);
  });
});
