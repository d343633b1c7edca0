import { describe, expect, it } from 'vitest';
import { fittingCount } from './search-index.ts';

describe('fittingCount', () => {
  const hit = (bytes: number): unknown => ({ sample: { prompt: 'x'.repeat(bytes) } });

  it('takes as many hits as a message holds', () => {
    expect(fittingCount([hit(1000), hit(1000), hit(1000)], 3500)).toBe(2);
    expect(fittingCount([hit(1000), hit(1000), hit(1000)], 10_000)).toBe(3);
    expect(fittingCount([], 2000)).toBe(0);
  });

  it('takes one that is too large, for the bus to name', () => {
    expect(fittingCount([hit(9000), hit(10)], 3500)).toBe(1);
  });
});
