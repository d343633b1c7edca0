import { describe, expect, test } from 'vitest';
import { choicesOf } from './choices.ts';
import { scoresOf, setOf } from './testing.ts';

const SET = setOf('ccpcpcdcpp');

describe('rows to remove', () => {
  const scores = new Map([
    ['taught', scoresOf([0, 0, 9, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 3, 0, 0, 0, 5, 2])],
    ['bm25-both', scoresOf([0, 5, 4, 0, 0, 0, 6, 0, 3, 0])],
  ]);
  const choices = choicesOf({ set: SET, scores, seed: 1, k: [4, 2] });
  const by = (name: string, count: number) =>
    choices.find(({ removedBy, removed }) => removedBy === name && removed.length === count);

  test('are as many as are poisoned, unless told otherwise', () => {
    const sizes = choicesOf({ set: SET, scores, seed: 1 }).map(({ removed }) => removed.length);
    expect(sizes).toEqual([0, 4, 4, 4]);
  });

  test('are as many for every chooser', () => {
    expect(choices.map(({ removedBy, removed }) => [removedBy, removed.length])).toEqual([
      ['nothing', 0],
      ['taught', 4],
      ['bm25-both', 4],
      ['random', 4],
      ['taught', 2],
      ['bm25-both', 2],
      ['random', 2],
    ]);
  });

  test('have the highest sums of scores over the outputs', () => {
    expect(by('taught', 4)?.removed).toEqual([2, 8, 4, 9]);
    expect(by('taught', 2)?.removed).toEqual([2, 8]);
  });

  test('leave the other rows that are trained on, in their order', () => {
    expect(by('nothing', 0)?.kept).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9]);
    expect(by('taught', 4)?.kept).toEqual([0, 1, 3, 5, 7]);
  });

  test('may be rows that were never trained on: such a choice removes less', () => {
    expect(by('bm25-both', 4)?.removed).toEqual([6, 1, 2, 8]);
    expect(by('bm25-both', 4)?.kept).toHaveLength(6);
  });

  test('by lot are the same for one seed, others for another', () => {
    const lot = (seed: number) => choicesOf({ set: SET, scores, seed, k: [4] }).at(-1)?.removed;
    expect(lot(1)).toEqual(lot(1));
    expect(lot(1)).not.toEqual(lot(2));
    expect(new Set(lot(1)).size).toBe(4);
  });

  test('the method `random` is the lot itself, and not trained twice', () => {
    const twice = choicesOf({
      set: SET,
      scores: new Map([['random', scoresOf(Array<number>(10).fill(0))]]),
      seed: 1,
      k: [2],
    });
    expect(twice.map(({ removedBy }) => removedBy)).toEqual(['nothing', 'random']);
  });

  test('are none in a set without poison', () => {
    expect(choicesOf({ set: setOf('cccd'), scores: new Map(), seed: 1 })).toEqual([]);
  });

  test('of another set, or all that there are, are refused', () => {
    const other = new Map([['taught', scoresOf([1, 2])]]);
    expect(() => choicesOf({ set: SET, scores: other, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    );
    expect(() => choicesOf({ set: SET, scores, k: [10], seed: 1 })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});
