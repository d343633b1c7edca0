import { describe, expect, it } from 'vitest';
import { Bm25 } from './bm25.ts';

describe('Bm25', () => {
  const index = new Bm25(['the cat sat', 'the dog sat on the dog', 'a bird']);

  it('gives the formula’s value', () => {
    // dog: in 1 of 3 texts, twice in one of 6 words; the mean is 11 / 3 words.
    const idf = Math.log(1 + 2.5 / 1.5);
    const norm = 1.2 * (1 - 0.75 + (0.75 * 6) / (11 / 3));
    expect(index.scores('Dog!')[1]).toBeCloseTo((idf * 2 * 2.2) / (2 + norm), 12);
  });

  it('gives nothing for words that are not there', () => {
    expect(index.scores('fish')).toEqual([0, 0, 0]);
  });

  it('prefers the rarer word', () => {
    const [cat, dog, bird] = index.scores('the bird');
    expect(bird).toBeGreaterThan(Math.max(cat ?? 0, dog ?? 0));
  });
});
