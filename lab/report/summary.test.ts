import { describe, expect, test } from 'vitest';
import { meanInterval, overallsOf, summariesOf } from './summary.ts';
import { method, seed, set } from './testing.ts';

describe('a method over the seeds of a set', () => {
  const one = method('taught', 'taught tokens', 0.8);
  const two = method('taught', 'taught tokens', 0.6);
  const [summary] = summariesOf(
    set('swap', [seed([one]), seed([two], { seed: 2 }), seed([], { note: 'not taught' })]),
  );

  test('has their means, of the limits too: a second model asked the same is no second sample', () => {
    expect(summary.ap.mean).toBeCloseTo(0.7, 12);
    expect(summary.ap.low).toBeCloseTo(0.65, 12);
    expect(summary.ap.high).toBeCloseTo(0.75, 12);
    expect(summary.seeds).toBe(2);
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
