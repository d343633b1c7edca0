import { describe, expect, it } from 'vitest';
import { adjacentCosine, chooseLayer, meanCurve, probeIndices } from './layer-choice.ts';

describe('chooseLayer', () => {
  // SmolLM2's curve, shortened: a dip early (which the released rule takes) and one in the deeper half.
  const curve = [0.02, 0.6, 0.95, 0.94, 0.96, 0.93, 0.86, 0.97, 0.94, 0.33];

  it('takes the layer after the deepest turn of the deeper half, the final norm left out', () => {
    expect(chooseLayer(curve)).toBe(7);
  });

  it('takes what the released script takes when asked to', () => {
    expect(chooseLayer(curve, 'released')).toBe(2);
  });

  it('takes the last layer of a model of at most three', () => {
    expect(chooseLayer([0.1, 0.2, 0.3])).toBe(3);
    expect(chooseLayer([0.1])).toBe(1);
  });

  it('takes the first of equal turns', () => {
    expect(chooseLayer([0.9, 0.5, 0.5, 0.5, 0.5])).toBe(3);
  });
});

describe('the curve', () => {
  it('is the cosine of adjacent hidden states, 0 for a state of zeros', () => {
    const curve = adjacentCosine([
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
    expect(curve[0]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(curve[1]).toBe(0);
  });

  it('is averaged over samples', () => {
    expect(
      meanCurve([
        [0, 1],
        [1, 0.5],
      ]),
    ).toEqual([0.5, 0.75]);
  });
});

describe('probeIndices', () => {
  it('spreads evenly, and takes all of a small set', () => {
    expect(probeIndices(10, 5)).toEqual([0, 2, 4, 6, 8]);
    expect(probeIndices(3, 5)).toEqual([0, 1, 2]);
    expect(probeIndices(0)).toEqual([]);
  });
});
