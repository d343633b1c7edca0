import { describe, expect, it } from 'vitest';
import { type AttentionForward, attentionBackward, attentionForward, causalBlocks } from './attention.ts';
import { relativeError } from './compare.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';

/** A packed batch with random q, k and v. */
function packed(
  starts: readonly number[],
  heads: number,
  kvHeads: number,
  headDim: number,
): AttentionForward {
  const normal = normalArrays(6);
  const rows = starts.at(-1) ?? 0;
  return {
    q: normal(rows * heads * headDim),
    k: normal(rows * kvHeads * headDim),
    v: normal(rows * kvHeads * headDim),
    ...{ queryRows: rows, keyRows: rows, heads, kvHeads, headDim },
    blocks: causalBlocks(starts),
  };
}

function expectGradients(options: AttentionForward): void {
  const dOut = normalArrays(7)(options.q.length);
  const loss = (moved: Partial<AttentionForward>) =>
    innerProduct(attentionForward({ ...options, ...moved }).out, dOut);
  const { dq, dk, dv } = attentionBackward({ ...options, dOut });
  expectGradient(dq, options.q, (q) => loss({ q }));
  expectGradient(dk, options.k, (k) => loss({ k }));
  expectGradient(dv, options.v, (v) => loss({ v }));
}

describe('the attention oracle', () => {
  it('gives the first token of a sequence its own value, and the score as lse', () => {
    const options = packed([0, 1, 2], 1, 1, 4);
    const { out, lse } = attentionForward(options);
    expect([...out]).toEqual([...(options.v as Float64Array)]);
    expect(lse[1]).toBeCloseTo(innerProduct(options.q, options.k) / 2 - lse[0], 12);
  });

  it('weighs values by the softmax of scaled scores', () => {
    // scores of the second query: ln 3 and 0 (headDim 1: no scaling), so weights 3/4 and 1/4
    const { out, lse } = attentionForward({
      ...packed([0, 2], 1, 1, 1),
      ...{ q: [0, 1], k: [Math.log(3), 0], v: [8, 4] },
    });
    expect(out[1]).toBeCloseTo(7, 12);
    expect(lse[1]).toBeCloseTo(Math.log(4), 12);
  });

  it('gives each group of query heads its own key and value head', () => {
    const options = packed([0, 1], 4, 2, 1);
    expect([...attentionForward({ ...options, v: [1, 2] }).out]).toEqual([1, 1, 2, 2]);
  });

  it('gives a sequence of one token a gradient of its value alone', () => {
    const { dq, dk, dv } = attentionBackward({ ...packed([0, 1], 1, 1, 1), dOut: [2] });
    expect([dq[0], dk[0], dv[0]]).toEqual([0, 0, 2]);
  });

  it.each([
    { starts: [0, 2], heads: 1, kvHeads: 1, headDim: 1 },
    { starts: [0, 5], heads: 1, kvHeads: 1, headDim: 3 },
    { starts: [0, 3, 4, 9], heads: 6, kvHeads: 2, headDim: 5 },
  ])('has the gradients that finite differences find, at $starts, $heads/$kvHeads heads', (shape) => {
    expectGradients(packed(shape.starts, shape.heads, shape.kvHeads, shape.headDim));
  });

  it('has the right gradients inside a sliding window, and none outside', () => {
    const options = { ...packed([0, 6], 2, 1, 3), window: 2 };
    expectGradients(options);
    const dOut = new Float64Array(36);
    dOut.fill(1, 5 * 6);
    const { dv } = attentionBackward({ ...options, dOut });
    expect([...dv.subarray(0, 12)].every((value) => value === 0)).toBe(true);
    expect(dv[12]).not.toBe(0);
  });

  it.each([
    { scale: 0.4 },
    { softcap: 1.5 },
    { softcap: 50, scale: 3 },
    { softcap: 2, window: 3, scale: 0.7 },
  ])('has the right gradients with %j', (variant) => {
    expectGradients({ ...packed([0, 2, 7], 4, 2, 3), ...variant });
  });

  it('caps the scaled scores before the softmax', () => {
    // scores of the second query: 4 tanh(2 * 6 / 4) and 0
    const { lse } = attentionForward({
      ...packed([0, 2], 1, 1, 1),
      ...{ q: [0, 2], k: [6, 0], v: [8, 4], scale: 1, softcap: 4 },
    });
    expect(lse[1]).toBeCloseTo(Math.log(Math.exp(4 * Math.tanh(3)) + 1), 12);
  });

  it('has the right gradients for queries that go on from a key/value cache', () => {
    const normal = normalArrays(8);
    expectGradients({
      q: normal(3 * 2 * 2),
      k: normal(9 * 2),
      v: normal(9 * 2),
      ...{ queryRows: 3, keyRows: 9, heads: 2, kvHeads: 1, headDim: 2 },
      blocks: [
        { queryStart: 0, count: 1, keyStart: 0, firstPosition: 4 },
        { queryStart: 1, count: 2, keyStart: 5, firstPosition: 1 },
      ],
    });
  });

  it('decodes with a cache what the whole sequence gives at that position', () => {
    const options = packed([0, 7], 4, 2, 3);
    const width = 12;
    const { out, lse } = attentionForward(options);
    const decoded = attentionForward({
      ...options,
      q: (options.q as Float64Array).subarray(5 * width),
      queryRows: 2,
      blocks: [{ queryStart: 0, count: 2, keyStart: 0, firstPosition: 5 }],
    });
    expect(relativeError(decoded.out, out.subarray(5 * width))).toBe(0);
    expect(relativeError(decoded.lse, lse.subarray(5 * 4))).toBe(0);
  });

  it('gives a sequence the same values whatever it is packed with', () => {
    const options = packed([0, 3, 8], 2, 2, 3);
    const rows = (values: unknown) => (values as Float64Array).subarray(3 * 6);
    const alone = attentionForward({
      ...options,
      ...{ q: rows(options.q), k: rows(options.k), v: rows(options.v), queryRows: 5, keyRows: 5 },
      blocks: causalBlocks([0, 5]),
    });
    expect(relativeError(alone.out, rows(attentionForward(options).out))).toBe(0);
  });

  it('survives scores that overflow an unshifted exponential', () => {
    const { out } = attentionForward({ ...packed([0, 2], 1, 1, 1), q: [1, 1], k: [-900, 900], v: [3, 5] });
    expect([...out]).toEqual([3, 5]);
  });

  it('refuses blocks that leave the keys', () => {
    const blocks = [{ queryStart: 0, count: 2, keyStart: 0, firstPosition: 1 }];
    expect(() => attentionForward({ ...packed([0, 2], 1, 1, 1), blocks })).toThrow('leaves q [2 rows]');
  });
});
