import { describe, expect, it } from 'vitest';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { linearBackward, linearForward } from './linear.ts';

describe('the linear oracle', () => {
  it('multiplies by the rows of the weight and adds the bias', () => {
    const shape = { x: [1, 2], weight: [1, 0, 0, 1, 1, 1], rows: 1, inner: 2, outer: 3 };
    expect([...linearForward(shape)]).toEqual([1, 2, 3]);
    expect([...linearForward({ ...shape, bias: [10, 20, 30] })]).toEqual([11, 22, 33]);
  });

  it.each([
    { rows: 1, inner: 1, outer: 1 },
    { rows: 1, inner: 5, outer: 3 },
    { rows: 7, inner: 3, outer: 11 },
  ])('has the gradients that finite differences find, at $rows x $inner x $outer', (shape) => {
    const normal = normalArrays(3);
    const x = normal(shape.rows * shape.inner);
    const weight = normal(shape.outer * shape.inner);
    const bias = normal(shape.outer);
    const dy = normal(shape.rows * shape.outer);
    const loss = (moved: { x?: Float64Array; weight?: Float64Array; bias?: Float64Array }) =>
      innerProduct(linearForward({ x, weight, bias, ...shape, ...moved }), dy);
    const { dx, dWeight, dBias } = linearBackward({ x, weight, dy, ...shape });
    expectGradient(dx, x, (moved) => loss({ x: moved }));
    expectGradient(dWeight, weight, (moved) => loss({ weight: moved }));
    expectGradient(dBias, bias, (moved) => loss({ bias: moved }));
  });

  it('refuses an operand that does not have its shape', () => {
    const options = { x: [1, 2, 3], weight: [1, 2], rows: 1, inner: 2, outer: 1 };
    expect(() => linearForward(options)).toThrow('x has 3 elements, but its shape is [1, 2]');
  });
});
