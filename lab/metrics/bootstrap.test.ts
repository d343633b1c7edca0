import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { bootstrap, bootstrapModels, quantile } from './bootstrap.ts';

describe('bootstrap', () => {
  it('has the mean, the worst, and the same interval by the same seed', () => {
    const values = [0.2, 0.4, 0.9];
    const figure = bootstrap(values, 7);
    expect(figure.mean).toBeCloseTo(0.5, 14);
    expect(figure.worst).toBe(0.2);
    expect(bootstrap(values, 7)).toEqual(figure);
  });

  it('has the interval that the normal distribution has, of many values', () => {
    const random = new Random(2);
    const values = Array.from({ length: 400 }, () => random.normal());
    const { mean, low, high } = bootstrap(values, 1);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const error = (1.96 * deviation) / Math.sqrt(values.length);
    expect(low).toBeCloseTo(mean - error, 2);
    expect(high).toBeCloseTo(mean + error, 2);
  });

  it('has the interval of two values by their resamples: each alone once in four', () => {
    expect(bootstrap([0, 1], 3)).toEqual({ mean: 0.5, low: 0, high: 1, worst: 0 });
  });

  it('has no width of one value', () => {
    expect(bootstrap([0.3], 1)).toEqual({ mean: 0.3, low: 0.3, high: 0.3, worst: 0.3 });
  });

  it('is no figure of no outputs', () => {
    expect(() => bootstrap([], 1)).toThrow(expect.objectContaining({ code: 'EVALUATION_EMPTY' }));
  });
});

describe('of outputs of several models, the bootstrap', () => {
  it('draws models first: ten outputs that are alike say no more than one', () => {
    const figure = bootstrapModels([new Array<number>(10).fill(0), new Array<number>(10).fill(1)], 3);
    expect(figure).toEqual({ mean: 0.5, low: 0, high: 1, worst: 0 });
  });

  it('has the spread of both levels', () => {
    const random = new Random(5);
    const [models, outputs, between, within] = [40, 8, 1, 2];
    const values = Array.from({ length: models }, () => {
      const middle = between * random.normal();
      return Array.from({ length: outputs }, () => middle + within * random.normal());
    });
    const { mean, low, high } = bootstrapModels(values, 1);
    // Of the means of models as they are, which have both in them, and of outputs drawn once more.
    const means = values.map((of) => of.reduce((sum, value) => sum + value, 0) / outputs);
    const spread = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / models;
    const error = 1.96 * Math.sqrt((spread + within ** 2 / outputs) / models);
    expect((high - low) / 2 / error).toBeCloseTo(1, 1);
  });

  it('counts every model the same', () => {
    expect(bootstrapModels([[1, 1, 1], [0]], 1).mean).toBe(0.5);
  });

  it('is that of the outputs where there is one model', () => {
    const values = [0.2, 0.4, 0.9, 0.1];
    expect(bootstrapModels([values], 7)).toEqual(bootstrap(values, 7));
  });

  it('is no figure of no models, or of one without outputs', () => {
    const empty = expect.objectContaining({ code: 'EVALUATION_EMPTY' }) as Error;
    expect(() => bootstrapModels([], 1)).toThrow(empty);
    expect(() => bootstrapModels([[1], []], 1)).toThrow(empty);
  });
});

it('takes quantiles between values in proportion', () => {
  expect(quantile([1, 2, 4], 0.5)).toBe(2);
  expect(quantile([1, 2, 4], 0.75)).toBe(3);
  expect(quantile([1, 2, 4], 1)).toBe(4);
});
