import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { meanBlocks, queryVector, scoresOf } from './query-vector.ts';
import { unitBlocks } from './unit-blocks.ts';

const shape = { layers: [3, 5], width: 8 };
const random = new Random(7);
const vector = (): Float32Array => Float32Array.from({ length: 8 }, () => 10 * random.normal());
const signature = () => shape.layers.map((layer) => ({ layer, hidden: vector(), gradient: vector() }));

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

describe('unit blocks', () => {
  it('have norm 1, keep the norms, and leave zero as it is', () => {
    const signed = [
      { layer: 3, hidden: vector(), gradient: new Float32Array(8) },
      { layer: 5, hidden: vector(), gradient: vector() },
    ];
    const { vector: blocks, norms } = unitBlocks(signed, shape);
    const lengths = [0, 1, 2, 3].map((block) => Math.hypot(...blocks.subarray(block * 8, block * 8 + 8)));
    expect(lengths.map((length) => Number(length.toFixed(6)))).toEqual([1, 0, 1, 1]);
    expect(norms[0]).toBeCloseTo(Math.hypot(...signed[0].hidden), 4);
    expect(norms[1]).toBe(0);
  });

  it('of very small and very large numbers are unit too', () => {
    for (const scale of [1e-30, 1e30]) {
      const scaled = [3, 5].map((layer) => ({
        layer,
        hidden: vector().map((value) => value * scale),
        gradient: vector().map((value) => value * scale),
      }));
      expect(Math.hypot(...unitBlocks(scaled, shape).vector)).toBeCloseTo(2, 5);
    }
  });

  it('are refused for what is not finite, or not of the index', () => {
    const code = (signed: Parameters<typeof unitBlocks>[0]) => {
      try {
        unitBlocks(signed, shape);
        return null;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const [first, second] = signature();
    expect(code([first, { ...second, gradient: Float32Array.of(NaN, 0, 0, 0, 0, 0, 0, 0) }])).toBe(
      'NOT_FINITE',
    );
    expect(code([second, first])).toBe('SHAPE_MISMATCH');
    expect(code([first])).toBe('SHAPE_MISMATCH');
    expect(code([first, { ...second, hidden: new Float32Array(7) }])).toBe('SHAPE_MISMATCH');
  });
});

describe('scores', () => {
  it('are the means over layers and queries of the cosines, and the store’s dot product is their sum', () => {
    const queries = [signature(), signature(), signature()];
    const sample = signature();
    const blocks = unitBlocks(sample, shape).vector;
    for (const alpha of [0, 0.3, 1]) {
      let [hidden, gradient] = [0, 0];
      for (const query of queries) {
        for (const [i, layer] of query.entries()) {
          hidden += cosine(layer.hidden, sample[i].hidden) / 6;
          gradient += cosine(layer.gradient, sample[i].gradient) / 6;
        }
      }
      const mean = meanBlocks(queries, shape);
      const scores = scoresOf(mean, blocks, alpha, shape);
      expect(scores.hiddenScore).toBeCloseTo(hidden, 6);
      expect(scores.gradientScore).toBeCloseTo(gradient, 6);
      expect(scores.score).toBeCloseTo(alpha * hidden + (1 - alpha) * gradient, 6);
      const searched = queryVector(mean, alpha, shape);
      expect(blocks.reduce((sum, value, i) => sum + value * searched[i], 0)).toBeCloseTo(scores.score, 6);
    }
  });
});
