import { describe, expect, it } from 'vitest';
import { quantile, summarize } from './statistics.ts';

describe('quantile', () => {
  it('is the middle sample, or between the two middle ones', () => {
    expect(quantile([9, 1, 5], 0.5)).toBe(5);
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  it('is linear between neighbours', () => {
    expect(quantile([10, 20], 0.25)).toBe(12.5);
    expect(quantile([7], 0.75)).toBe(7);
  });

  it('refuses to tell of nothing', () => {
    expect(() => quantile([], 0.5)).toThrow('no samples');
  });
});

describe('summarize', () => {
  it('is not moved by one disturbed run', () => {
    const { median, spread } = summarize([10, 10, 10, 10, 1000]);
    expect(median).toBe(10);
    expect(spread).toBe(0);
  });

  it('tells the interquartile range as a share of the median, and keeps the samples in their order', () => {
    const summary = summarize([12, 8, 10, 9, 11]);
    expect(summary.spread).toBeCloseTo(0.2);
    expect(summary.samples).toEqual([12, 8, 10, 9, 11]);
  });
});
