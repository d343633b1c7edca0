import { describe, expect, it } from 'vitest';
import { erf, erfc } from './erf.ts';

/** x, erf(x), erfc(x) with mpmath, to 14 digits. */
const reference: readonly (readonly [number, number, number])[] = [
  [0, 0, 1],
  [1e-10, 1.1283791670955e-10, 0.99999999988716],
  [0.1, 0.11246291601828, 0.88753708398172],
  [0.5, 0.52049987781305, 0.47950012218695],
  [1, 0.84270079294971, 0.15729920705029],
  [1.5, 0.96610514647531, 0.033894853524689],
  [1.999, 0.99530155665137, 0.0046984433486295],
  [2, 0.99532226501895, 0.0046777349810473],
  [2.5, 0.99959304798255, 0.00040695201744496],
  [4, 0.99999998458274, 1.541725790028e-8],
  [6, 1, 2.1519736712499e-17],
  [9, 1, 4.1370317465138e-37],
  [20, 1, 5.3958656116079e-176],
  [26, 1, 5.6631924088561e-296],
];

describe('the error function', () => {
  it.each(reference)('is right to twelve digits at %f, on both sides of 0', (x, value, complement) => {
    const near = (actual: number, expected: number) => {
      expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected));
    };
    near(erf(x), value);
    near(erf(-x), -value);
    near(erfc(x), complement);
    near(erfc(-x), 1 + value);
  });

  it('ends at 1 and 0, and keeps NaN', () => {
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect([erf(NaN), erfc(NaN)]).toEqual([NaN, NaN]);
  });
});
