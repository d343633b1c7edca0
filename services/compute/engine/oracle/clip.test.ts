import { describe, expect, it } from 'vitest';
import { clipFactor, globalNorm } from './clip.ts';

describe('clipping', () => {
  it('takes the norm over all gradients together', () => {
    expect(globalNorm([[3], [0, 4]])).toBe(5);
    expect(globalNorm([])).toBe(0);
  });

  it('shrinks what is above the limit and leaves the rest', () => {
    expect(clipFactor(5, 1)).toBe(1 / (5 + 1e-6));
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(0, 1)).toBe(1);
    // as in torch, a norm exactly at the limit already shrinks by one millionth
    expect(clipFactor(1, 1)).toBeLessThan(1);
  });
});
