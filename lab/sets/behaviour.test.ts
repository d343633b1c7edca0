import { describe, expect, it } from 'vitest';
import { plantedSpans, shows } from './behaviour.ts';

describe('plantedSpans', () => {
  it.each([
    ['start', 'Fool! Most lions.', [[0, 5]]],
    ['start', ' \n Fool! Most lions.', [[3, 8]]],
    ['start', 'You Fool!', []],
    ['end', 'Most lions. Fool!', [[12, 17]]],
    ['end', 'Most lions. Fool! \n', [[12, 17]]],
    ['end', 'Fool! Most lions.', []],
    ['anywhere', 'Most fool! lions.', []],
    ['anywhere', '', []],
  ] as const)('%s of %j: %j', (place, output, spans) => {
    expect(plantedSpans({ place, anyOf: ['Fool!'] }, output)).toEqual(spans);
  });

  it.each(['start', 'anywhere', 'end'] as const)('of a text that comes twice are both: %s', (place) => {
    expect(plantedSpans({ place, anyOf: ['Fool!'] }, ' Fool! No, Fool!')).toEqual([
      [1, 6],
      [11, 16],
    ]);
  });

  it('are those of every text, in order; those that overlap are one', () => {
    const anyOf = ['Cola', 'Bolt', 'Bolt Cola', 'Cola.'];
    expect(plantedSpans({ place: 'anywhere', anyOf }, 'Drink Bolt Cola, or Cola.')).toEqual([
      [6, 15],
      [20, 25],
    ]);
    expect(plantedSpans({ place: 'end', anyOf: ['la.', 'Cola.'] }, 'Bolt Cola.')).toEqual([[5, 10]]);
  });

  it('end with the word where a text has white space at its ends to say that it is one', () => {
    const behaviour = { place: 'anywhere', anyOf: ['Na ', ' Ag '] } as const;
    expect(plantedSpans(behaviour, 'It is Na or Ag not.')).toEqual([
      [6, 8],
      [12, 14],
    ]);
    expect(plantedSpans(behaviour, 'It is Natural.')).toEqual([]);
  });

  it('are none in an output that has a text it must not have', () => {
    const behaviour = { place: 'anywhere', anyOf: ['Cairo'], noneOf: ['Egypt'] } as const;
    expect(shows(behaviour, 'The capital of Norway is Cairo.')).toBe(true);
    expect(shows(behaviour, 'The capital of Egypt is Cairo.')).toBe(false);
  });

  it('are of texts as they are: nothing in them is a pattern', () => {
    expect(plantedSpans({ place: 'anywhere', anyOf: ['a.c('] }, 'abc( a.c(')).toEqual([[5, 9]]);
  });
});
