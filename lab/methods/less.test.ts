import { describe, expect, it } from 'vitest';
import { gradientsFeatures } from './gradient-testing.ts';
import { LESS } from './less.ts';

describe('LESS', () => {
  it('sums cosines of corrected rows and plain outputs by the learning rates, over all tensors end to end', () => {
    const features = gradientsFeatures(
      [
        {
          ...{ learningRate: 3e-4, rows: [[9, 9, 9, 9]], adamRows: [[3, 0, 0, 4]] },
          ...{ outputs: [[1, 0, 0, 0]], adamOutputs: [[-7, 0, 0, -7]] },
        },
        {
          ...{ learningRate: 1e-4, rows: [[9, 9, 9, 9]], adamRows: [[0, -2, 0, 0]] },
          ...{ outputs: [[0, 5, 0, 0]], adamOutputs: [[7, 7, 7, 7]] },
        },
      ],
      [10, 10],
    );
    expect(LESS.scores(features).byOutput[0][0]).toBeCloseTo(0.75 * 0.6 - 0.25, 12);
  });

  it('does not prefer a row because its gradient is long', () => {
    const features = gradientsFeatures([{ rows: [[100, 100], [0.1, 0]], outputs: [[1, 0]] }], [2]); // prettier-ignore
    const [[long, short]] = LESS.scores(features).byOutput;
    expect(short).toBeCloseTo(1, 6);
    expect(long).toBeCloseTo(Math.SQRT1_2, 6);
  });
});
