import { describe, expect, it } from 'vitest';
import { BM25_METHODS } from './bm25-methods.ts';
import { NGRAMS } from './ngrams.ts';
import { withTexts } from './testing.ts';
import { words } from './words.ts';

it('takes words of any script, without their marks', () => {
  expect(words('“Où est-ce?” 3× Серебро')).toEqual(['où', 'est', 'ce', '3', 'серебро']);
  expect(words('…')).toEqual([]);
});

describe('n-gram overlap', () => {
  const scores = (output: string, ...responses: string[]): number[] => [
    ...NGRAMS.scores(
      withTexts(
        responses.map((response) => ['same prompt', response]),
        [['same prompt', output]],
      ),
    ).byOutput[0],
  ];

  it('is the share of the output’s trigrams that the response has', () => {
    // the red cat, red cat sat, cat sat down: two of three, all, none.
    expect(
      scores('The red cat sat down.', 'a red cat sat, down', 'SO THE RED CAT SAT DOWN', 'a cat is red'),
    ).toEqual([2 / 3, 1, 0]);
  });

  it('counts a trigram once, however often it comes', () => {
    expect(scores('a b c a b c', 'a b c')).toEqual([1 / 3]);
  });

  it('goes by all words where there are fewer than three', () => {
    expect(scores('red cat', 'the red cat', 'cat red')).toEqual([1, 0]);
  });

  it('is 0 where there are no words', () => {
    expect(scores('…', 'red cat', '')).toEqual([0, 0]);
    expect(scores('the red cat', '', 'cat')).toEqual([0, 0]);
  });
});

describe('BM25', () => {
  const features = withTexts(
    [
      ['why silver', 'it is dull'],
      ['how many', 'silver and gold'],
      ['which one', 'none'],
    ],
    [['tell of silver', 'gold']],
  );
  const best = (scores: Float64Array): number[] =>
    [...scores.keys()].filter((row) => scores[row] > 0).sort((a, b) => scores[b] - scores[a]);

  it('looks for the output’s words in the same part of the rows', () => {
    const found = BM25_METHODS.map((method) => [method.name, best(method.scores(features).byOutput[0])]);
    expect(found).toEqual([
      ['bm25-prompt', [0]],
      ['bm25-response', [1]],
      ['bm25-both', [1, 0]],
    ]);
  });

  it('has a number for texts without any words', () => {
    for (const method of BM25_METHODS) {
      const empty = withTexts(
        [
          ['', '…'],
          ['?', ''],
        ],
        [
          ['', 'gold'],
          ['silver', ''],
        ],
      );
      for (const scores of method.scores(empty).byOutput) expect([...scores]).toEqual([0, 0]);
    }
  });
});
