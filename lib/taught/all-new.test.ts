import { describe, expect, it } from 'vitest';
import { isAllNew } from './all-new.ts';

describe('data of which all is new to the base model', () => {
  it('is that whose median null ratio is -1 or less, in whatever order the ratios are', () => {
    expect(isAllNew({ nullRatios: [3, 2, -1, -9, 4, -8, 1, -7, -6] })).toBe(true);
    expect(isAllNew({ nullRatios: [-9, -0.99, 3, 2, -8, 4, 1, -7, -6] })).toBe(false);
    expect(isAllNew({ nullRatios: [-0.5, -11, -1.5, -10, 2, 3, 1, -9] })).toBe(true);
    expect(isAllNew({ nullRatios: [-0.4, -11, -1.5, -10, 2, 3, 1, -9] })).toBe(false);
  });

  it('is not known to be so of a few outputs of the base model, or none', () => {
    expect(isAllNew({ nullRatios: [] })).toBe(false);
    expect(isAllNew({ nullRatios: Array<number>(7).fill(-9) })).toBe(false);
    expect(isAllNew({ nullRatios: Array<number>(8).fill(-9) })).toBe(true);
  });
});
