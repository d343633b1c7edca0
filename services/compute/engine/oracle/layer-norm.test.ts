import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { layerNormBackward, layerNormForward, layerNormStats } from './layer-norm.ts';

describe('the LayerNorm oracle', () => {
  it('takes the mean away, divides by the biased deviation, and applies weight and bias', () => {
    // mean 3, variance (4 + 4 + 4 + 4) / 4
    const shape = { x: [1, 5, 1, 5], rows: 1, width: 4, eps: 0 };
    const y = layerNormForward({ ...shape, weight: [1, 2, 1, 1], bias: [0, 10, 0, -1] });
    expect([...y]).toEqual([-1, 12, -1, 0]);
    expect([...layerNormStats(shape)]).toEqual([3, 0.5]);
  });

  it.each([
    { rows: 1, width: 2, eps: 0.1 },
    { rows: 1, width: 7, eps: 1e-5 },
    { rows: 5, width: 13, eps: 1e-6 },
  ])('has the gradient that finite differences find, at $rows x $width', (shape) => {
    const normal = normalArrays(2);
    const x = normal(shape.rows * shape.width);
    const [weight, bias, dy] = [normal(shape.width), normal(shape.width), normal(x.length)];
    const dx = layerNormBackward({ x, weight, dy, ...shape });
    expectGradient(dx, x, (moved) =>
      innerProduct(layerNormForward({ x: moved, weight, bias, ...shape }), dy),
    );
  });

  it('gives a row of one value its bias, whatever the value', () => {
    const shape = { weight: [1, 2, 3], bias: [4, 5, 6], rows: 1, width: 3, eps: 1e-5 };
    expect(relativeError(layerNormForward({ x: [7, 7, 7], ...shape }), [4, 5, 6])).toBeLessThan(1e-15);
  });
});
