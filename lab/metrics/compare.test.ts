import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { difference, standing, type BySet } from './compare.ts';

/** Figures that vary much from output to output. */
function figures(seed: number): number[][] {
  const random = new Random(seed);
  return [20, 5].map((count) => Array.from({ length: count }, () => 0.2 + 0.6 * random.next()));
}
const shifted = (of: BySet, by: number): BySet => of.map((set) => set.map((value) => value + by));

describe('difference', () => {
  it('counts every set the same, whatever outputs it has', () => {
    expect(difference([[1, 1, 1], [0]], [[0, 0, 0], [0]], 1).mean).toBe(0.5);
  });

  it('tells a small difference that all outputs have, where the outputs vary far more', () => {
    const a = figures(1);
    const { mean, low, high } = difference(shifted(a, 0.01), a, 1);
    expect(mean).toBeCloseTo(0.01, 12);
    expect(low).toBeCloseTo(0.01, 12);
    expect(high).toBeCloseTo(0.01, 12);
  });

  it('refuses methods that were measured on different outputs', () => {
    const mismatch = expect.objectContaining({ code: 'SHAPE_MISMATCH' }) as Error;
    expect(() => difference([[1, 2]], [[1]], 1)).toThrow(mismatch);
    expect(() => difference([[1]], [[1], [1]], 1)).toThrow(mismatch);
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
    const rival = own.map((set) => set.map((value) => value + 0.2 * (noise.next() - 0.5)));
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
