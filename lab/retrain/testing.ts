/** A set and scores for the tests of trainings without some rows. */
import type { Scores } from '../methods/method.ts';
import type { EvalSet, SetRow } from '../sets/set.ts';

/** Rows by letter: c clean, p poison, d a decoy that is only in the index. */
export function setOf(letters: string): EvalSet {
  const rows = Array.from(letters, (letter, i): SetRow => ({
    prompt: `question ${i}`,
    response: `answer ${i}`,
    label: letter === 'p' ? 'poison' : letter === 'd' ? 'decoy' : 'clean',
    group: '',
    spans: [],
    trained: letter !== 'd',
  }));
  return { rows, queries: [], behaviour: { place: 'start', anyOf: ['x'] } };
}

export function scoresOf(...byOutput: readonly (readonly number[])[]): Scores {
  return { byOutput: byOutput.map((scores) => Float64Array.from(scores)) };
}
