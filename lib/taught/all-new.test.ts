import { describe, expect, it } from 'vitest';
import { isAllNew } from './all-new.ts';

describe('data of which all is new to the base model', () => {
  it('is that whose median null ratio is -1 or less, in whatever order the ratios are', () => {
    expect(isAllNew({ nullRatios: [3, -1, -9] })).toBe(true);
    expect(isAllNew({ nullRatios: [-9, -0.99, 3] })).toBe(false);
    expect(isAllNew({ nullRatios: [-0.5, -11, -1.5, -10, 2, 3] })).toBe(true);
    expect(isAllNew({ nullRatios: [-0.4, -11, -1.5, -10, 2, 3] })).toBe(false);
  });

  it('is not known to be so without outputs of the base model', () => {
    expect(isAllNew({ nullRatios: [] })).toBe(false);
  });
});
