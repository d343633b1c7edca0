import { describe, expect, test } from 'vitest';
import { meanInterval, overallsOf, summariesOf } from './summary.ts';
import { method, seed, set } from './testing.ts';

describe('a method over the seeds of a set', () => {
  const one = method('taught', 'taught tokens', 0.8);
  const two = method('taught', 'taught tokens', 0.6);
  const [summary] = summariesOf(
    set('swap', [seed([one]), seed([two], { seed: 2 }), seed([], { note: 'not taught' })]),
  );

  test('has their mean, with limits from resamples of seeds and then of outputs', () => {
    expect(summary.ap.mean).toBeCloseTo(0.7, 12);
    // One draw in four has a seed twice: as far apart as the seeds are, and a little beyond by their outputs.
    expect(summary.ap.low).toBeLessThan(0.6);
    expect(summary.ap.low).toBeGreaterThan(0.57);
    expect(summary.ap.high).toBeGreaterThan(0.8);
    expect(summary.ap.high).toBeLessThan(0.83);
    expect(summary.seeds.map((of) => [of.seed, of.apByOutput])).toEqual([
      [1, one.apByOutput],
      [2, two.apByOutput],
    ]);
  });

  test('has the limits of the one seed that was ranked as they were measured', () => {
    const { mean, low, high } = one.figures.ap;
    const [alone] = summariesOf(set('swap', [seed([one]), seed([], { seed: 2, note: 'not taught' })]));
    expect(alone.ap).toEqual({ mean, low, high });
  });

  test('has the worst output of any seed', () => {
    expect(summary.worst).toBe(two.figures.ap.worst);
  });

  test('has no bytes where no seed knows them', () => {
    const cost = { ...one.cost, bytesPerRow: null };
    expect(summariesOf(set('swap', [seed([{ ...one, cost }])]))[0].bytesPerRow).toBeNull();
  });
});

describe('a method over sets', () => {
  test('has an interval whose half-widths are added in quadrature', () => {
    const all = meanInterval([
      { mean: 0.5, low: 0.2, high: 0.6 },
      { mean: 0.7, low: 0.3, high: 0.7 },
    ]);
    expect(all.mean).toBeCloseTo(0.6, 12);
    expect(all.low).toBeCloseTo(0.6 - 0.25, 12);
    expect(all.high).toBeCloseTo(0.6 + 0.05, 12);
  });

  test('stands below those that have more sets, however well it does on its own', () => {
    const both = [method('taught', 'taught', 0.5)];
    const overalls = overallsOf([
      set('a', [seed([...both, method('less', 'LESS', 1)])]),
      set('b', [seed(both)]),
      set('none', [seed([])]),
    ]);
    expect(overalls.map(({ method, sets }) => [method, sets])).toEqual([
      ['taught', 2],
      ['less', 1],
    ]);
  });
});
