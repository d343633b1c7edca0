import { describe, expect, it } from 'vitest';
import { expectGradient } from './gradient-checks.ts';
import { softcap, softcapSlope } from './softcap.ts';

describe('the soft cap', () => {
  it('keeps small values and bounds large ones', () => {
    expect(softcap(1e-6, 30)).toBeCloseTo(1e-6, 15);
    expect(softcap(1e6, 30)).toBe(30);
    expect(softcap(-Infinity, 30)).toBe(-30);
    expect(softcap(30, 30)).toBeCloseTo(30 * 0.7615941559557649, 12);
  });

  it('has the slope that finite differences find', () => {
    const z = [-70, -8, -0.3, 0, 0.01, 2, 31, 66];
    const slopes = z.map((value) => softcapSlope(value, 30));
    expectGradient(slopes, z, (at) => at.reduce((sum, value) => sum + softcap(value, 30), 0));
  });

  it('is nothing where there is none', () => {
    expect(softcap(123, undefined)).toBe(123);
    expect(softcapSlope(123, undefined)).toBe(1);
  });
});
