import { describe, expect, it } from 'vitest';
import type { Features, Items, Vectors } from '../features/features.ts';
import { layerFigures } from './layer-figures.ts';
import { featureSeconds } from './score-steps.ts';
import { allNew, verdictFigures } from './verdict-figures.ts';

describe('featureSeconds', () => {
  const seconds = { base: 1, tuned: 10, mean: 100, sentence: 1000, gradients: 10_000 };

  it('counts a pass that two needs share once, and none that is not needed', () => {
    expect(featureSeconds(['lessons', 'layers'], seconds)).toBe(11);
    expect(featureSeconds(['layers'], seconds)).toBe(10);
    expect(featureSeconds(['meanHidden', 'gradients'], seconds)).toBe(10_100);
    expect(featureSeconds([], seconds)).toBe(0);
  });
});

describe('verdictFigures', () => {
  const ofBase = Array.from({ length: 20 }, (_, i) => [-0.01 * i]);

  it('has shares of each verdict, and how well the mean ratio tells taught outputs from others', () => {
    const figures = verdictFigures({ ofBase, traced: [[9, 1], [2, 2], [0.1]], clean: [[0.3], [-1]] });
    expect(figures.showing).toEqual({ TAUGHT: 2 / 3, NOT_TAUGHT: 1 / 3, UNCERTAIN: 0 });
    expect(figures.clean).toEqual({ TAUGHT: 0, NOT_TAUGHT: 0.5, UNCERTAIN: 0.5 });
    // Of six pairs, one is the wrong way round: .1 beside .3.
    expect(figures.auroc).toBeCloseTo(5 / 6, 12);
  });

  it('has nothing to say of outputs that there are none of', () => {
    expect(verdictFigures({ ofBase: [], traced: [], clean: [] })).toEqual({
      ...{ showing: null, clean: null, auroc: null },
    });
  });
});

it('allNew warns where the tuned model finds the base model’s own outputs unlikely', () => {
  const four = (middle: number): number[][] =>
    Array.from({ length: 4 }, () => [[-3, -1], [middle], [4]]).flat();
  const [warning] = allNew({ ofBase: four(-1) });
  expect(warning).toContain('Name an earlier, trusted fine-tune as --base.');
  expect(allNew({ ofBase: four(-0.5) })).toEqual([]);
  expect(allNew({ ofBase: [] })).toEqual([]);
});

describe('layerFigures', () => {
  const vectors = (...rows: readonly (readonly number[])[]): Vectors => ({
    dims: 2,
    values: Float32Array.from(rows.flat()),
  });
  const items = (hidden: Vectors, gradient: Vectors): Items => ({
    count: hidden.values.length / 2,
    ...{ prompts: [], responses: [], ratios: [], lessons: [], beginnings: [], checkpoints: [] },
    layers: new Map([0, 1].map((layer) => [layer, { hidden, gradient }])),
    meanHidden: { dims: 2, values: new Float32Array() },
  });
  const features: Features = {
    // Hidden states point the poison out; gradients point at the other row.
    rows: items(vectors([3, 4], [-3, 0], [0, -4]), vectors([1, 0], [0, 1], [0, 1])),
    outputs: items(vectors([6, 8]), vectors([0, 2])),
    centres: new Map([0, 1].map((layer) => [layer, new Float32Array(2)])),
    ...{ layer: 1, lastLayer: 1, curve: [0.25] },
  };

  it('has each layer’s norms, its cosine with the one before, and what h and g find there', () => {
    const [embedding, last] = layerFigures(features, new Set([0]), 1);
    expect(embedding.adjacentCosine).toBeNull();
    expect(last).toMatchObject({ layer: 1, adjacentCosine: 0.25, hiddenNorm: 4, gradientNorm: 1 });
    expect(last.ap).toMatchObject({ hidden: 1, gradient: 1 / 3 });
  });

  it('has no precision where there is no ranking to measure', () => {
    expect(layerFigures(features, undefined, 1).map(({ ap }) => ap)).toEqual([null, null]);
  });
});
