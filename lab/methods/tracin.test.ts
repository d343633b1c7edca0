import { describe, expect, it } from 'vitest';
import { gradientsFeatures } from './gradient-testing.ts';
import { TRACIN, TRACIN_LN } from './tracin.ts';

describe('TracIn', () => {
  it('sums the dot products of checkpoints by their learning rates', () => {
    const features = gradientsFeatures(
      [
        { learningRate: 3, rows: [[1, 2], [0, 1]], outputs: [[3, 4], [1, -1]] }, // prettier-ignore
        { learningRate: 1, rows: [[2, 0], [-5, 0]], outputs: [[1, 1], [0, 1]] }, // prettier-ignore
      ],
      [2],
    );
    const [first, second] = TRACIN.scores(features).byOutput;
    expect([...first]).toEqual([0.75 * 11 + 0.25 * 2, 0.75 * 4 + 0.25 * -5]);
    expect([...second]).toEqual([0.75 * -1, 0.75 * -1]);
    expect(TRACIN.bytesPerRow(features)).toBe(2 * 2 * 4);
  });

  it('puts the row whose gradient is the output’s first and the one that opposes it last', () => {
    const features = gradientsFeatures([{ rows: [[-1, -2], [0, 0], [1, 2]], outputs: [[1, 2]] }], [2]); // prettier-ignore
    expect([...TRACIN.scores(features).byOutput[0]]).toEqual([-5, 0, 5]);
  });

  it('refuses features without gradients, of other tensors, or with rates that weigh nothing', () => {
    expect(() => TRACIN.scores(gradientsFeatures([], []))).toThrow(/no parameter gradients/);
    const one = { rows: [[1]], outputs: [[1]] };
    expect(() => TRACIN.scores(gradientsFeatures([{ ...one, learningRate: 0 }], [1]))).toThrow(
      /learning rates at the kept checkpoints are 0/,
    );
    const features = gradientsFeatures([one], [1]);
    const other = { ...features, outputs: gradientsFeatures([one], [1, 1]).outputs };
    expect(() => TRACIN.scores(other)).toThrow(/of rows and outputs/);
    expect(TRACIN.bytesPerRow(gradientsFeatures([], []))).toBeUndefined();
  });
});

describe('TracIn (LN)', () => {
  it('sums the cosines of tensors, so that the largest gradient does not decide', () => {
    // Two tensors of two numbers. The first is huge, and speaks for row 0; the second and third numbers speak for row 1.
    const features = gradientsFeatures(
      [{ rows: [[1e6, 0, 0, -3], [4e5, 3e5, 0, 2]], outputs: [[1e6, 0, 0, 5]] }], // prettier-ignore
      [2, 2],
    );
    const [plain] = TRACIN.scores(features).byOutput;
    expect(plain[0]).toBeGreaterThan(plain[1]);
    const [normalised] = TRACIN_LN.scores(features).byOutput;
    expect(normalised[0]).toBeCloseTo(1 - 1, 12);
    expect(normalised[1]).toBeCloseTo(0.8 + 1, 6);
  });

  it('weighs checkpoints by their rates, and a tensor without gradient as 0', () => {
    const features = gradientsFeatures(
      [
        { learningRate: 3, rows: [[2, 0, 0, 0]], outputs: [[3, 4, 1, 1]] },
        { learningRate: 1, rows: [[0, 1, 0, 7]], outputs: [[0, 2, 0, 2]] },
      ],
      [2, 2],
    );
    expect(TRACIN_LN.scores(features).byOutput[0][0]).toBeCloseTo(0.75 * 0.6 + 0.25 * 2, 12);
  });
});
