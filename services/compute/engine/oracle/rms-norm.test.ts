import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';

describe('the RMSNorm oracle', () => {
  it('divides by the root mean square and multiplies by the weight', () => {
    // mean square of (3, 4, 0, 0) is 6.25
    const y = rmsNormForward({ x: [3, 4, 0, 0], weight: [1, 2, 1, 1], rows: 1, width: 4, eps: 0 });
    expect(relativeError(y, [1.2, 3.2, 0, 0])).toBeLessThan(1e-15);
  });

  it.each([
    { rows: 1, width: 1, eps: 0.1 },
    { rows: 1, width: 7, eps: 1e-5 },
    { rows: 5, width: 13, eps: 1e-6 },
  ])('has the gradients that finite differences find, at $rows x $width', (shape) => {
    const normal = normalArrays(2);
    const x = normal(shape.rows * shape.width);
    const weight = normal(shape.width);
    const dy = normal(x.length);
    const { dx, dWeight } = rmsNormBackward({ x, weight, dy, ...shape });
    expectGradient(dx, x, (moved) => innerProduct(rmsNormForward({ x: moved, weight, ...shape }), dy));
    expectGradient(dWeight, weight, (moved) =>
      innerProduct(rmsNormForward({ x, weight: moved, ...shape }), dy),
    );
  });

  it('gives a row of zeros zeros, and the finite gradient that eps sets', () => {
    const shape = { x: [0, 0], weight: [1, 1], rows: 1, width: 2, eps: 1e-4 };
    expect([...rmsNormForward(shape)]).toEqual([0, 0]);
    expect(rmsNormBackward({ ...shape, dy: [1, 2] }).dx[1]).toBeCloseTo(200, 8);
  });
});
