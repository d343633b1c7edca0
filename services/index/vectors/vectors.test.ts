import { describe, expect, it } from 'vitest';
import { Random } from '../../../lib/random.ts';
import { centredBlocks, centredQueryVector, centredScores } from './centred-scores.ts';
import { meanBlocks, queryVector, scoresOf } from './query-vector.ts';
import { rawBlocks, rawScore } from './raw-scores.ts';
import { unitBlocks } from './unit-blocks.ts';

const shape = { layers: [3, 5], width: 8, taught: false };
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

describe('the released formula', () => {
  it('is the cosine of the concatenations, also where a norm is 0', () => {
    const [query, sample] = [signature(), signature()];
    const zero = new Float32Array(8);
    const flat = sample.map((layer) => ({ ...layer, gradient: zero }));
    const nothing = sample.map(({ layer }) => ({ layer, hidden: zero, gradient: zero }));
    const both = (one: { hidden: Float32Array; gradient: Float32Array }): Float32Array =>
      Float32Array.from([...one.hidden, ...one.gradient]);
    for (const signed of [sample, flat, nothing]) {
      const expected = query.reduce((sum, layer, l) => sum + cosine(both(layer), both(signed[l])) / 2, 0);
      expect(rawScore(rawBlocks([query], shape), unitBlocks(signed, shape), shape)).toBeCloseTo(expected, 6);
    }
    expect(rawScore(rawBlocks([nothing], shape), unitBlocks(sample, shape), shape)).toBe(0);
  });
});

describe('centred scores', () => {
  const wide = { layers: [3], width: 64, taught: true };
  const centres = [Float32Array.from({ length: 64 }, () => 3 * random.normal())];
  const around = () => [
    {
      layer: 3,
      hidden: centres[0].map((value) => value + random.normal()),
      gradient: Float32Array.from({ length: 64 }, () => random.normal()),
    },
  ];

  it('are the cosines of hidden states without their centre, and of gradients', () => {
    const [query, sample] = [around(), around()];
    const moved = ([{ hidden }]: typeof query) => hidden.map((value, i) => value - centres[0][i]);
    const blocks = centredBlocks([query], centres, true, wide);
    const { hiddenScore, gradientScore } = centredScores(blocks, unitBlocks(sample, wide), centres, wide);
    expect(hiddenScore).toBeCloseTo(cosine(moved(query), moved(sample)), 5);
    expect(gradientScore).toBeCloseTo(cosine(query[0].gradient, sample[0].gradient), 6);
    const self = centredScores(blocks, unitBlocks(query, wide), centres, wide);
    expect(self.hiddenScore).toBeCloseTo(1, 5);
  });

  it('leave the hidden states out without a prompt, and where there is nothing but the centre', () => {
    const sample = unitBlocks(around(), wide);
    const none = centredBlocks([around()], centres, false, wide);
    expect(centredScores(none, sample, centres, wide).hiddenScore).toBe(0);
    const [{ gradient }] = around();
    const centre = centredBlocks([[{ layer: 3, hidden: centres[0], gradient }]], centres, true, wide);
    expect(centredScores(centre, sample, centres, wide).hiddenScore).toBe(0);
    expect(() => centredBlocks([around()], [new Float32Array(8)], true, wide)).toThrow(/centres/);
    expect(() => centredBlocks([around()], [...centres, ...centres], true, wide)).toThrow(/centres/);
  });

  it('are largest where the product with the query vector is', () => {
    const query = around();
    const blocks = centredBlocks([query], centres, true, wide);
    const vector = centredQueryVector(blocks, [query], centres, wide);
    const samples = Array.from({ length: 1000 }, (_, row) => {
      const stored = unitBlocks(around(), wide);
      const { hiddenScore, gradientScore } = centredScores(blocks, stored, centres, wide);
      const product = stored.vector.reduce((sum, value, i) => sum + value * vector[i], 0);
      return { row, product, place: hiddenScore + gradientScore };
    });
    const first = (key: 'product' | 'place', count: number): number[] =>
      [...samples]
        .sort((a, b) => b[key] - a[key])
        .slice(0, count)
        .map(({ row }) => row);
    const candidates = first('product', 50);
    expect(first('place', 10).filter((row) => !candidates.includes(row))).toEqual([]);
  });
});
