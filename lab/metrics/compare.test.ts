import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { interval, RESAMPLES } from './bootstrap.ts';
import { difference, standing, type BySet } from './compare.ts';
import { mean } from './mean.ts';

/** Figures that vary much from output to output, of one model of each set. */
function figures(seed: number): number[][][] {
  const random = new Random(seed);
  return [20, 5].map((count) => [Array.from({ length: count }, () => 0.2 + 0.6 * random.next())]);
}
const changed = (of: BySet, change: (value: number, model: number) => number): BySet =>
  of.map((set) => set.map((values, model) => values.map((value) => change(value, model))));
const shifted = (of: BySet, by: number): BySet => changed(of, (value) => value + by);

describe('difference', () => {
  it('counts every set the same, whatever outputs it has', () => {
    expect(difference([[[1, 1, 1]], [[0]]], [[[0, 0, 0]], [[0]]], 1).mean).toBe(0.5);
  });

  it('counts every model of a set the same, whatever outputs it has', () => {
    expect(difference([[[1, 1, 1], [0]]], [[[0, 0, 0], [0]]], 1).mean).toBe(0.5);
  });

  it('of one model each is that of outputs drawn alone', () => {
    const [a, b] = [figures(1), figures(2)];
    const differences = a.map(([values], set) => values.map((value, output) => value - b[set][0][output]));
    const random = new Random(7);
    const drawn = Float64Array.from({ length: RESAMPLES }, () =>
      mean(differences.map((of) => mean(of.map(() => of[random.int(of.length)])))),
    );
    const { low, high } = difference(a, b, 7);
    expect(low).toBeCloseTo(interval(drawn).low, 12);
    expect(high).toBeCloseTo(interval(drawn).high, 12);
  });

  it('draws models, not outputs alone: two that say the opposite tell nothing, whatever outputs each has', () => {
    const random = new Random(3);
    const models = [0, 1].map(() => Array.from({ length: 200 }, () => random.next()));
    const a = changed([models], (value, model) => value + (model === 0 ? 0.3 : -0.1));
    const { mean: middle, low, high } = difference(a, [models], 1);
    expect(middle).toBeCloseTo(0.1, 12);
    // One draw in four has each model twice. Outputs as one heap would give .1 ± .02.
    expect(low).toBeCloseTo(-0.1, 12);
    expect(high).toBeCloseTo(0.3, 12);
  });

  it('tells a small difference that all outputs have, where the outputs vary far more', () => {
    const a = figures(1);
    const { mean: middle, low, high } = difference(shifted(a, 0.01), a, 1);
    expect(middle).toBeCloseTo(0.01, 12);
    expect(low).toBeCloseTo(0.01, 12);
    expect(high).toBeCloseTo(0.01, 12);
  });

  it('refuses methods that were measured on different outputs', () => {
    const mismatch = expect.objectContaining({ code: 'SHAPE_MISMATCH' }) as Error;
    expect(() => difference([[[1, 2]]], [[[1]]], 1)).toThrow(mismatch);
    expect(() => difference([[[1]]], [[[1]], [[1]]], 1)).toThrow(mismatch);
    expect(() => difference([[[1, 2]]], [[[1], [2]]], 1)).toThrow(mismatch);
  });
});

describe('standing', () => {
  const own = figures(1);

  it('is best with the highest mean over the sets', () => {
    const measured = new Map([
      ['ours', own],
      ['theirs', shifted(own, -0.05)],
    ]);
    expect(standing('ours', measured, 1)).toMatchObject({ place: 'best', best: 'ours' });
    expect(standing('theirs', measured, 1)).toMatchObject({ place: 'behind', best: 'ours' });
  });

  it('is tied where other outputs could have given the other order', () => {
    const noise = new Random(9);
    const rival = changed(own, (value) => value + 0.2 * (noise.next() - 0.5));
    const raised = shifted(rival, 0.01 - difference(rival, own, 1).mean);
    const {
      place,
      best,
      difference: between,
    } = standing(
      'ours',
      new Map([
        ['rival', raised],
        ['ours', own],
      ]),
      1,
    );
    expect({ place, best }).toEqual({ place: 'tied', best: 'rival' });
    expect(between.mean).toBeCloseTo(-0.01, 12);
    expect(between.high).toBeGreaterThan(0);
  });

  it('is tied where one model speaks for each', () => {
    const random = new Random(4);
    const two = [[0, 1].map(() => Array.from({ length: 50 }, () => random.next()))];
    const rival = changed(two, (value, model) => value + (model === 0 ? 0.3 : -0.1));
    const measured = new Map<string, BySet>([
      ['ours', two],
      ['rival', rival],
    ]);
    expect(standing('ours', measured, 1)).toMatchObject({ place: 'tied', best: 'rival' });
  });

  it('is best beside an equal', () => {
    expect(
      standing(
        'b',
        new Map([
          ['a', own],
          ['b', own],
        ]),
        1,
      ).place,
    ).toBe('best');
  });

  it('knows only what was measured', () => {
    expect(() => standing('c', new Map([['a', own]]), 1)).toThrow(/c was not measured/);
  });
});
