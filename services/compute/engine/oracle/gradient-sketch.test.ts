import { describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { adamwStep } from './adamw.ts';
import { adamDirection, sketch, sketchKeys } from './gradient-sketch.ts';

function normals(seed: number, length: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
}

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}

describe('the gradient sketch oracle', () => {
  it.each([
    { name: 'random numbers', y: (x: Float64Array) => normals(2, x.length) },
    { name: 'a vector with itself', y: (x: Float64Array) => x },
    { name: 'one that repeats each row', y: (x: Float64Array) => x.map((_, i) => x[i % 10]) },
  ])('keeps inner products in the mean over seeds, with the variance that it states: $name', ({ y }) => {
    const width = 16;
    const x = normals(1, 200).map((value, i) => value + (i % 10 === 0 ? 2 : 0));
    const other = y(x);
    const seeds = 4000;
    const products = Array.from({ length: seeds }, (_, seed) => {
      const keys = sketchKeys(seed, 3);
      return dot(sketch(x, width, keys), sketch(other, width, keys));
    });
    const mean = products.reduce((sum, value) => sum + value, 0) / seeds;
    const variance = products.reduce((sum, value) => sum + (value - mean) ** 2, 0) / seeds;
    const exact = dot(x, other);
    const bound = (dot(x, x) * dot(other, other) + exact ** 2) / width;
    expect(Math.abs(mean - exact)).toBeLessThan(4 * Math.sqrt(bound / seeds));
    expect(variance).toBeLessThan(1.1 * bound);
    expect(variance).toBeGreaterThan(0.7 * bound);
  });

  it('keeps a tensor that fits as it is, padded with zeros', () => {
    const x = normals(3, 6);
    expect([...sketch(x, 8, sketchKeys(1, 0))]).toEqual([...x, 0, 0]);
    expect([...sketch(x, 6, sketchKeys(1, 0))]).toEqual([...x]);
  });

  it('never lets coordinates of one run of k meet', () => {
    const x = new Float64Array(64);
    x.set(normals(4, 16), 32);
    const magnitudes = (values: Float64Array) => [...values].map(Math.abs).sort();
    expect(magnitudes(sketch(x, 16, sketchKeys(9, 2)))).toEqual(magnitudes(x.slice(32, 48)));
  });

  it('is the same for the same seed and tensor, and another for another of either', () => {
    const x = normals(5, 100);
    const at = (seed: number, tensor: number) => sketch(x, 8, sketchKeys(seed, tensor)).join();
    expect(at(7, 1)).toBe(at(7, 1));
    expect(new Set([at(7, 1), at(8, 1), at(7, 2), at(8, 0)]).size).toBe(4);
  });

  it.each([0, -4, 2.5, NaN])('refuses a width of %s', (width) => {
    expect(() => sketch([1, 2], width, sketchKeys(1, 1))).toThrow(/width is/);
  });
});

describe('the direction of AdamW', () => {
  it('is where a step of AdamW without decay goes', () => {
    const gradient = normals(6, 20);
    const m = normals(7, 20);
    const v = normals(8, 20).map((value) => value ** 2);
    const settings = { beta1: 0.9, beta2: 0.95, step: 7 };
    const lr = 0.125;
    const stepped = adamwStep({
      ...{ parameter: new Float64Array(20), gradient, m, v, lr, eps: 1e-8, weightDecay: 0 },
      ...settings,
    });
    const direction = adamDirection({ gradient, first: m, second: v, epsilon: 1e-8, ...settings });
    direction.forEach((value, i) => {
      expect(-lr * value).toBeCloseTo(stepped.parameter[i], 12);
    });
  });

  it('is zero where neither gradient nor moments are', () => {
    const zero = [0];
    const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step: 1 };
    expect([...adamDirection({ gradient: zero, first: zero, second: zero, ...settings })]).toEqual([0]);
  });
});
