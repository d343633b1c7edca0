import { describe, expect, it } from 'vitest';
import { dropoutForward, keeps } from './dropout.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { lowRankBackward, lowRankForward, type LowRankForward } from './low-rank.ts';

describe('the low-rank oracle', () => {
  it('adds scale B A x to the layer, worked out by hand', () => {
    const shape = { rows: 1, inner: 2, outer: 2, rank: 1 };
    const branch = { ...shape, x: [1, 2], weight: [1, 0, 0, 1], a: [3, 4], b: [5, 6], scale: 0.5 };
    // A x = 11; B of that is 55 and 66
    expect([...lowRankForward(branch)]).toEqual([1 + 27.5, 2 + 33]);
  });

  it.each([
    ['without dropout', undefined],
    ['with a fixed mask', { rate: 0.4, seed: 7, stream: 2 }],
  ])('has the gradients that finite differences find, %s', (_, mask) => {
    const shape = { rows: 6, inner: 5, outer: 7, rank: 3 };
    const normal = normalArrays(11);
    const branch: LowRankForward = {
      ...shape,
      ...{ x: normal(30), weight: normal(35), a: normal(15), b: normal(21), scale: 1.7, mask },
    };
    const dy = normal(42);
    const loss = (moved: Partial<LowRankForward>) =>
      innerProduct(lowRankForward({ ...branch, ...moved }), dy);
    const { dx, da, db } = lowRankBackward(branch, dy);
    expectGradient(dx, branch.x, (x) => loss({ x }));
    expectGradient(da, branch.a, (a) => loss({ a }));
    expectGradient(db, branch.b, (b) => loss({ b }));
  });
});

describe('the dropout oracle', () => {
  it.each([0.05, 0.5, 0.9])('drops the share %f of the elements and keeps the mean', (rate) => {
    const elements = 200_000;
    const y = dropoutForward(new Float64Array(elements).fill(1), { rate, seed: 3, stream: 5 });
    const share = y.filter((value) => value === 0).length / elements;
    const deviation = Math.sqrt((rate * (1 - rate)) / elements);
    expect(Math.abs(share - rate)).toBeLessThan(4 * deviation);
    const mean = y.reduce((sum, value) => sum + value, 0) / elements;
    expect(Math.abs(mean - 1)).toBeLessThan((4 * deviation) / (1 - rate));
  });

  it('drops other elements for another seed, stream or neighbour', () => {
    const elements = 40_000;
    const mask = { rate: 0.5, seed: 3, stream: 5 };
    const kept = Array.from({ length: elements }, (_, i) => keeps(mask, i));
    const agreement = (other: (i: number) => boolean): number =>
      kept.filter((value, i) => value === other(i)).length / elements;
    for (const other of [
      (i: number) => keeps({ ...mask, seed: 4 }, i),
      (i: number) => keeps({ ...mask, stream: 6 }, i),
      (i: number) => keeps(mask, i + 1),
      (i: number) => keeps(mask, i + 64),
    ]) {
      expect(Math.abs(agreement(other) - 0.5)).toBeLessThan(0.01);
    }
  });

  it('drops nothing at rate 0', () => {
    const x = Float64Array.of(1, -2, 3);
    expect(dropoutForward(x, { rate: 0, seed: 1, stream: 1 })).toEqual(x);
  });
});
