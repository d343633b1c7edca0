import { describe, expect, it } from 'vitest';
import { estimateSeconds, type BuildCost } from './estimate.ts';

const COST: BuildCost = {
  ...{ flops: 1e12, flopsPerSecond: 1e10, rows: 1000, renderSecondsPerRow: 0 },
  ...{ streamedBytes: 0, loadedBytes: 0, bytesPerSecond: 1e9 },
  preparation: { flops: 0, streamedBytes: 0 },
};

describe('estimateSeconds', () => {
  it('has the time of the operations between its two numbers', () => {
    const { low, high } = estimateSeconds(COST);
    expect(low).toBeCloseTo(75);
    expect(high).toBeGreaterThan(150);
    expect(high).toBeLessThan(160);
  });

  it('counts loading in full, and what goes on at the same time only in the larger number', () => {
    const before = estimateSeconds(COST);
    const loaded = estimateSeconds({ ...COST, loadedBytes: 10e9 });
    expect(loaded.low - before.low).toBeCloseTo(10);
    expect(loaded.high - before.high).toBeCloseTo(40);
    const rendered = estimateSeconds({ ...COST, renderSecondsPerRow: 0.05 });
    expect(rendered.low).toBeCloseTo(before.low);
    expect(rendered.high - before.high).toBeCloseTo(75);
    const streamed = estimateSeconds({ ...COST, streamedBytes: 200e9 });
    expect(streamed.low).toBeCloseTo(150);
    expect(streamed.high - before.high).toBeCloseTo(300);
  });

  it('has what comes before the first row in the larger number alone: an index that is there has it behind it', () => {
    const before = estimateSeconds(COST);
    const prepared = estimateSeconds({ ...COST, preparation: { flops: 2e11, streamedBytes: 30e9 } });
    expect(prepared.low).toBe(before.low);
    expect(prepared.high - before.high).toBeCloseTo(1.5 * (20 + 30));
  });

  it('is nothing where there is nothing to sign, whatever the speed', () => {
    expect(estimateSeconds({ ...COST, flops: 0, flopsPerSecond: 0, rows: 0 })).toEqual({ low: 0, high: 0 });
  });
});
