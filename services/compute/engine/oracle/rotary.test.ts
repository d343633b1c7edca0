import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { packedPositions, plainInvFreq, rotaryBackward, rotaryForward } from './rotary.ts';

describe('the rotary oracle', () => {
  it('turns dimension i with dimension i + headDim / 2', () => {
    const shape = { positions: [1], invFreq: [Math.PI / 2, 0], rows: 1, heads: 1, headDim: 4 };
    const y = rotaryForward({ x: [1, 2, 3, 4], ...shape });
    expect(relativeError(y, [-3, 2, 1, 4])).toBeLessThan(1e-15);
  });

  it('leaves position 0 as it is', () => {
    const shape = { positions: [0], invFreq: plainInvFreq(6, 10_000), rows: 1, heads: 1, headDim: 6 };
    expect([...rotaryForward({ x: [1, 2, 3, 4, 5, 6], ...shape })]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('turns the first dimensions of every head where there are fewer frequencies, and passes the rest', () => {
    const shape = { positions: [1], invFreq: [Math.PI / 2], rows: 1, heads: 2, headDim: 4 };
    const y = rotaryForward({ x: [1, 2, 3, 4, 5, 6, 7, 8], ...shape });
    expect(relativeError(y, [-2, 1, 3, 4, -6, 5, 7, 8])).toBeLessThan(1e-15);
  });

  it('scales what turns and nothing else', () => {
    const shape = { positions: [0], invFreq: [1], rows: 1, heads: 1, headDim: 4, scale: 1.5 };
    expect([...rotaryForward({ x: [1, 2, 3, 4], ...shape })]).toEqual([1.5, 3, 3, 4]);
  });

  it('refuses more frequencies than a head has pairs', () => {
    const shape = { positions: [0], invFreq: [1, 1, 1], rows: 1, heads: 1, headDim: 4 };
    expect(() => rotaryForward({ x: [1, 2, 3, 4], ...shape })).toThrow('invFreq');
  });

  it('makes the product of a query and a key depend on their distance alone', () => {
    const normal = normalArrays(4);
    const q = normal(8);
    const k = normal(8);
    const product = (i: number, j: number) => {
      const shape = { invFreq: plainInvFreq(8, 100), rows: 1, heads: 1, headDim: 8 };
      const turnedQ = rotaryForward({ x: q, positions: [i], ...shape });
      return innerProduct(turnedQ, rotaryForward({ x: k, positions: [j], ...shape }));
    };
    expect(product(9, 4)).toBeCloseTo(product(5, 0), 12);
  });

  it.each([
    { rows: 1, heads: 1, headDim: 2, turned: 2, scale: undefined },
    { rows: 5, heads: 3, headDim: 6, turned: 6, scale: 1.25 },
    { rows: 2, heads: 3, headDim: 8, turned: 6, scale: 1.25 },
  ])(
    'has the gradient that finite differences find, at $rows x $heads x $headDim, $turned turning',
    (sizes) => {
      const normal = normalArrays(5);
      const positions = [3, 0, 1, 2, 17].slice(0, sizes.rows);
      const shape = { ...sizes, positions, invFreq: plainInvFreq(sizes.turned, 50) };
      const x = normal(sizes.rows * sizes.heads * sizes.headDim);
      const dy = normal(x.length);
      const loss = (moved: Float64Array) => innerProduct(rotaryForward({ x: moved, ...shape }), dy);
      expectGradient(rotaryBackward({ dy, ...shape }), x, loss);
    },
  );

  it('counts the positions of every packed sequence from 0', () => {
    expect([...packedPositions([0, 3, 4, 6])]).toEqual([0, 1, 2, 0, 0, 1]);
  });
});
