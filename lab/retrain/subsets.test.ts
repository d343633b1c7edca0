import { describe, expect, test } from 'vitest';
import { halfSubsets, ldsOf, subsetLosses } from './subsets.ts';
import { scoresOf, setOf } from './testing.ts';

const SET = setOf('ccpcpcdccpcc');
const SUBSETS = halfSubsets(SET, 16, 5);
/** How much a row lowers the loss of each of two outputs. */
const EFFECTS = [
  [0, 0, 3, 0, 2, 0.5, 9, 0, 0, 1, 0, 0.2],
  [1, 0, 0, 4, 0, 0, 9, 0.3, 2, 0, 0, 0],
];
const lossesOn = (rows: readonly number[]): Promise<number[]> =>
  Promise.resolve(EFFECTS.map((effect) => 10 - rows.reduce((sum, row) => sum + effect[row], 0)));

describe('random halves', () => {
  test('are halves of the rows that are trained on, each once and in order', () => {
    for (const subset of SUBSETS) {
      expect(subset).toHaveLength(5);
      expect(subset).not.toContain(6);
      expect(subset).toEqual([...new Set(subset)].sort((a, b) => a - b));
    }
  });

  test('are the same for one seed, and not all the same', () => {
    expect(halfSubsets(SET, 16, 5)).toEqual(SUBSETS);
    expect(new Set(SUBSETS.map(String)).size).toBeGreaterThan(8);
  });
});

describe('the linear datamodelling score', () => {
  test('is 1 for scores that foretell every loss, -1 for those with the sign wrong', async () => {
    const losses = await subsetLosses({ subsets: SUBSETS, lossesOn });
    const right = scoresOf(...EFFECTS);
    const wrong = scoresOf(...EFFECTS.map((effect) => effect.map((value) => -value)));
    expect(ldsOf(right, SUBSETS, losses, 1).mean).toBeCloseTo(1, 12);
    expect(ldsOf(wrong, SUBSETS, losses, 1).mean).toBeCloseTo(-1, 12);
  });

  test('refuses losses of other subsets or outputs', () => {
    const scores = scoresOf(...EFFECTS);
    const bad = [[[1, 2]], SUBSETS.map(() => [1])];
    for (const losses of bad) {
      expect(() => ldsOf(scores, SUBSETS, losses, 1)).toThrow(
        expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
      );
    }
  });

  test('trains each subset in turn, the same one only once', async () => {
    const told: number[] = [];
    const trained: (readonly number[])[] = [];
    const [first, second] = SUBSETS;
    await subsetLosses({
      subsets: [first, second, first],
      lossesOn: (rows) => {
        trained.push(rows);
        return lossesOn(rows);
      },
      onProgress: (training) => told.push(training),
    });
    expect(told).toEqual([1, 2, 3]);
    expect(trained).toEqual([first, second]);
  });
});
