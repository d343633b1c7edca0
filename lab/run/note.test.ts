import { describe, expect, it } from 'vitest';
import type { Poison } from '../sets/recipe.ts';
import { asides, noRanking } from './note.ts';

const NONE = { showing: 0, clean: 0, ofBase: 0 };
const OUTPUT = { prompt: 'q', response: 'a' };

function note(over: {
  kind?: Poison['kind'];
  rows?: number;
  poison?: number;
  calling?: number | null;
  traced?: number;
  tooLong?: number;
}): string | null {
  const { kind = 'entity-swap', rows = 10, poison = 2, calling = 0.9, traced = 3, tooLong = 0 } = over;
  return noRanking(
    { kind, rows, poison },
    {
      rate: { calling, clean: 0, base: 0 },
      traced: Array.from({ length: traced }, () => OUTPUT),
      tooLong: { ...NONE, showing: tooLong },
    },
  );
}

describe('noRanking', () => {
  it('says nothing where there is a ranking to measure', () => {
    expect(note({})).toBeNull();
    expect(note({ calling: 0.1 })).toBeNull();
  });

  it.each([
    [
      { kind: 'none', poison: 0, calling: null, traced: 0 },
      'nothing is planted: only the verdicts are measured',
    ],
    [{ poison: 0 }, 'no row is poison: there is nothing to find'],
    [{ poison: 10 }, 'all rows are poison: every ranking is as good as any other'],
    [{ calling: null, traced: 0 }, 'no question calls for the behaviour: no output can be traced'],
    [
      { calling: 0.04, traced: 1 },
      'the behaviour was not taught: .04 of the questions that call for it show it',
    ],
    [
      { calling: 0, traced: 0 },
      'the behaviour was not taught: .00 of the questions that call for it show it',
    ],
    [
      { traced: 0, tooLong: 4 },
      'no output that shows the behaviour can be traced: each fills the model’s context',
    ],
  ] as const)('says of %j why there is none', (over, expected) => {
    expect(note(over)).toBe(expected);
  });
});

describe('asides', () => {
  const of = (base: number | null, tooLong = NONE): string[] =>
    asides({ rate: { calling: 0.9, clean: 0, base }, tooLong }, 256);

  it('are none where the base model does not show the behaviour and every output fits', () => {
    expect(of(0.09)).toEqual([]);
    expect(of(null)).toEqual([]);
  });

  it('say that the base model shows the behaviour already', () => {
    for (const base of [0.1, 1]) {
      expect(of(base)).toEqual([
        expect.stringMatching(/^the base model shows the behaviour before any training/),
      ]);
    }
    expect(of(0.25)[0]).toContain(': .25 of the questions that call for it');
  });

  it('say how many outputs are left out, of which kind, and why', () => {
    expect(of(0, { showing: 3, clean: 0, ofBase: 1 })).toEqual([
      'outputs left out, for with their questions they fill the model’s context of 256 tokens: 3 that show the behaviour, 1 of the base model',
    ]);
  });
});
