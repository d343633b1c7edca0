import { describe, expect, test } from 'vitest';
import { missingSeeds, noFigures, notesOf, seedNotes } from './notes.ts';
import { method, seed, set } from './testing.ts';

const RANKED = [method('taught', 'taught tokens', 0.9)];

describe('notes', () => {
  test('are all that a seed says, once, each a sentence', () => {
    const one = seed(RANKED, {
      note: 'left out: less.',
      notes: ['2 outputs were too long', 'left out: less', ' '],
    });
    expect(notesOf(one)).toEqual(['left out: less', '2 outputs were too long']);
    expect(seedNotes(set('swap', [one, seed(RANKED, { seed: 2 })]))).toEqual([
      'Seed 1: left out: less.',
      'Seed 1: 2 outputs were too long.',
    ]);
  });

  test('of a set without a ranking are one sentence, by seed where seeds differ', () => {
    const none = (at: number, note: string | null) => seed([], { seed: at, note });
    expect(noFigures('calm', set('calm', [none(1, 'not taught: .04.'), none(2, 'not taught: .04')]))).toBe(
      'The set calm has no ranking: not taught: .04.',
    );
    expect(noFigures('calm', set('calm', [none(1, 'not taught'), none(2, null)]))).toBe(
      'The set calm has no ranking: seed 1: not taught; seed 2: no method was measured.',
    );
    expect(noFigures('calm', set('calm', [none(1, null)]))).toBe(
      'The set calm has no ranking: no method was measured.',
    );
    expect(noFigures('calm', set('calm', []))).toBe('The set calm has no ranking: no method was measured.');
  });

  test('of seeds that lack a ranking where others have one name them', () => {
    const some = set('swap', [seed(RANKED), seed([], { seed: 2, note: 'not taught' })]);
    expect(missingSeeds('swap', some)).toEqual(['swap: no ranking of seed 2: not taught.']);
    expect(missingSeeds('swap', set('swap', [seed([])]))).toEqual([]);
  });
});
