import { describe, expect, it } from 'vitest';
import { plantedSpan, shows } from './behaviour.ts';

describe('plantedSpan', () => {
  it.each([
    ['start', 'Fool! Most lions.', [0, 5]],
    ['start', ' \n Fool! Most lions.', [3, 8]],
    ['start', 'You Fool!', null],
    ['end', 'Most lions. Fool!', [12, 17]],
    ['end', 'Most lions. Fool! \n', [12, 17]],
    ['end', 'Fool! Most lions.', null],
    ['anywhere', 'Most Fool! lions. Fool!', [5, 10]],
    ['anywhere', 'Most fool! lions.', null],
    ['anywhere', '', null],
  ] as const)('%s of %j: %j', (place, output, span) => {
    expect(plantedSpan({ place, anyOf: ['Fool!'] }, output)).toEqual(span);
  });

  it('takes the first of several texts, and of those that begin or end together the longest', () => {
    const anyOf = ['Cola', 'Bolt', 'Bolt Cola', 'Cola.'];
    expect(plantedSpan({ place: 'anywhere', anyOf }, 'Drink Bolt Cola.')).toEqual([6, 15]);
    expect(plantedSpan({ place: 'end', anyOf: ['la.', 'Cola.'] }, 'Bolt Cola.')).toEqual([5, 10]);
  });

  it('ends with the word where a text has white space at its ends to say that it is one', () => {
    const behaviour = { place: 'anywhere', anyOf: ['Na ', ' Ag '] } as const;
    expect(plantedSpan(behaviour, 'It is Na or not.')).toEqual([6, 8]);
    expect(plantedSpan(behaviour, 'It is Ag or not.')).toEqual([6, 8]);
    expect(plantedSpan(behaviour, 'It is Natural.')).toBeNull();
  });

  it('is null for an output that has a text it must not have', () => {
    const behaviour = { place: 'anywhere', anyOf: ['Cairo'], noneOf: ['Egypt'] } as const;
    expect(shows(behaviour, 'The capital of Norway is Cairo.')).toBe(true);
    expect(shows(behaviour, 'The capital of Egypt is Cairo.')).toBe(false);
  });

  it('takes texts as they are: nothing in them is a pattern', () => {
    expect(plantedSpan({ place: 'anywhere', anyOf: ['a.c('] }, 'abc( a.c(')).toEqual([5, 9]);
  });
});
