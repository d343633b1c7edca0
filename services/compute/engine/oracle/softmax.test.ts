import { describe, expect, it } from 'vitest';
import { normalArrays } from './gradient-checks.ts';
import { argmax, logSumExp, sample, sampleDistribution, softmax } from './softmax.ts';

const logits = [Math.log(1), Math.log(4), Math.log(3), Math.log(2)];

describe('the softmax oracle', () => {
  it('gives probabilities that do not change when all logits move together', () => {
    expect([...softmax(logits)].map((p) => Math.round(p * 1e12) / 1e12)).toEqual([0.1, 0.4, 0.3, 0.2]);
    const moved = softmax(logits.map((logit) => logit + 5000));
    moved.forEach((p, v) => {
      expect(p).toBeCloseTo(softmax(logits)[v], 9);
    });
  });

  it('takes logarithms of sums too large for an exponential', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 9);
  });
});

describe('argmax', () => {
  it('takes the lowest id of equal logits', () => {
    expect(argmax([1, 3, 2, 3])).toBe(1);
    expect(argmax([-5])).toBe(0);
  });
});

describe('sample', () => {
  it('walks the cumulative distribution in the order of the ids', () => {
    const at = (uniform: number) => sample({ logits, uniform, temperature: 1 });
    // cumulative: 0.1, 0.5, 0.8, 1
    expect([0, 0.099, 0.101, 0.499, 0.501, 0.799, 0.801, 1 - 2 ** -32].map(at)).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3,
    ]);
  });

  it('sharpens with a low temperature and flattens with a high one', () => {
    expect(sampleDistribution({ logits, temperature: 0.01 })[1]).toBeGreaterThan(0.999_999);
    expect(sampleDistribution({ logits, temperature: 1000 })[0]).toBeCloseTo(0.25, 3);
    expect(sampleDistribution({ logits, temperature: 0.5 })[1]).toBeCloseTo(16 / 30, 12);
  });

  it('keeps the topK largest logits only, of equal ones the lowest ids', () => {
    const kept = sampleDistribution({ logits, temperature: 1, topK: 2 });
    expect([kept[0], kept[3]]).toEqual([0, 0]);
    expect(kept[1]).toBeCloseTo(4 / 7, 12);
    expect([...sampleDistribution({ logits: [1, 1, 1], temperature: 1, topK: 1 })]).toEqual([1, 0, 0]);
    expect(sample({ logits, uniform: 0.999_999, temperature: 1, topK: 2 })).toBe(2);
    expect(sample({ logits, uniform: 0.6, temperature: 1, topK: 99 })).toBe(2);
  });

  it('draws each id as often as its probability says', () => {
    const row = normalArrays(10)(12);
    const expected = softmax(row);
    const counts = new Float64Array(row.length);
    const draws = 4000;
    for (let i = 0; i < draws; i++) {
      counts[sample({ logits: row, uniform: (i + 0.5) / draws, temperature: 1 })] += 1 / draws;
    }
    counts.forEach((share, v) => {
      expect(Math.abs(share - expected[v])).toBeLessThan(1 / draws);
    });
  });

  it('never draws an impossible id', () => {
    const options = { logits: [-Infinity, 0, -Infinity], temperature: 1 };
    expect(sample({ ...options, uniform: 0 })).toBe(1);
    expect(sample({ ...options, uniform: 1 - 2 ** -53 })).toBe(1);
  });

  it('refuses a temperature of 0, which is what argmax is for', () => {
    expect(() => sample({ logits, uniform: 0, temperature: 0 })).toThrow('temperature 0');
  });
});
