import { expect, it } from 'vitest';
import { byShader, difference, splitAtLoss } from './difference.ts';

const keys = (...names: string[]): { key: string }[] => names.map((key) => ({ key }));

it('leaves what one block adds, each dispatch as often as it is added', () => {
  const more = keys('embed', 'q', 'k', 'q', 'k', 'k', 'head');
  expect(difference(more, keys('embed', 'q', 'k', 'head'))).toEqual(keys('q', 'k', 'k'));
});

it('refuses runs of which the smaller does something that the larger does not', () => {
  expect(() => difference(keys('a', 'b'), keys('a', 'a'))).toThrow('1 times a');
});

it('splits a run where the loss goes back', () => {
  const run = ['norm', 'cross_entropy_forward', 'cross_entropy_backward', 'norm'].map((shader) => ({
    shader,
  }));
  const { forward, backward } = splitAtLoss(run);
  expect(forward).toEqual(run.slice(0, 2));
  expect(backward).toEqual(run.slice(2));
  expect(() => splitAtLoss(forward)).toThrow('no backward');
});

it('sums by shader, most bytes first', () => {
  const one = { key: '', read: 1, written: 2, work: 3 };
  const totals = byShader([
    { ...one, shader: 'a' },
    { ...one, shader: 'b', read: 50 },
    { ...one, shader: 'a' },
  ]);
  expect(totals).toEqual([
    { shader: 'b', dispatches: 1, read: 50, written: 2, work: 3 },
    { shader: 'a', dispatches: 2, read: 2, written: 4, work: 6 },
  ]);
});
