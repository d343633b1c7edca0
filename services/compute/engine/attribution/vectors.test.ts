import { describe, expect, it } from 'vitest';
import { cosine, unitRowSum } from './vectors.ts';

describe('cosine', () => {
  it('does not depend on length, and is 0 with a vector of zeros', () => {
    expect(cosine([3, 4], [30, 40])).toBeCloseTo(1, 12);
    expect(cosine([1, 0], [0, 0])).toBe(0);
  });

  it('takes vectors whose squares are no float32', () => {
    expect(cosine(Float32Array.of(1e-25, 0), Float32Array.of(1e-25, 1e-25))).toBeCloseTo(Math.SQRT1_2, 6);
  });
});

describe('unitRowSum', () => {
  it('adds unit rows of a range and leaves rows of zeros out', () => {
    const rows = Float32Array.of(9, 9, 3, 4, 0, 0, 0, 2);
    const sum = unitRowSum(rows, 2, 1, 4);
    expect(sum[0]).toBeCloseTo(0.6, 6);
    expect(sum[1]).toBeCloseTo(1.8, 6);
  });
});
