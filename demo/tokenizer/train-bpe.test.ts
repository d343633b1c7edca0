import { expect, it } from 'vitest';
import { trainBpe } from './train-bpe.ts';

it('joins the most frequent pair first', () => {
  expect(trainBpe(['abab', 'ab', 'cd cd'], 1)).toEqual([['a', 'b']]);
});

it('builds on what it joined before', () => {
  expect(trainBpe(['abab abab'], 3)).toContainEqual(['ab', 'ab']);
});

it('joins runs of one letter from the left', () => {
  expect(trainBpe(['aaa', 'aaa'], 2)).toEqual([
    ['a', 'a'],
    ['aa', 'a'],
  ]);
});

it('breaks ties by the order of the pairs, whatever the order of the texts', () => {
  expect(trainBpe(['xy xy', 'ab ab'], 1)).toEqual(trainBpe(['ab ab', 'xy xy'], 1));
});

it('stops when no pair comes twice', () => {
  expect(trainBpe(['abc'], 10)).toEqual([]);
});
