import { describe, expect, it } from 'vitest';
import type { Poison } from '../sets/recipe.ts';
import { noRanking } from './note.ts';

const OUTPUT = { prompt: 'q', response: 'a' };

function note(over: {
  kind?: Poison['kind'];
  rows?: number;
  poison?: number;
  calling?: number | null;
  traced?: number;
}): string | null {
  const { kind = 'entity-swap', rows = 10, poison = 2, calling = 0.9, traced = 3 } = over;
  return noRanking(
    { kind, rows, poison },
    { rate: { calling, clean: 0, base: 0 }, traced: Array.from({ length: traced }, () => OUTPUT) },
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
  ] as const)('says of %j why there is none', (over, expected) => {
    expect(note(over)).toBe(expected);
  });
});
