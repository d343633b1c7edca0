import { describe, expect, it } from 'vitest';
import type { EvalSet } from '../sets/set.ts';
import { sortAnswers } from './answers.ts';

const SET: EvalSet = {
  rows: [],
  behaviour: { place: 'anywhere', anyOf: ['Cairo'] },
  queries: [
    ...['a', 'b', 'c', 'd'].map((prompt) => ({ prompt, calls: true, group: '' })),
    ...['x', 'y'].map((prompt) => ({ prompt, calls: false, group: '' })),
  ],
};

describe('sortAnswers', () => {
  const tuned = ['Cairo.', 'Oslo.', 'It is Cairo.', 'Cairo!', 'No.', 'Cairo?'];
  const base = ['Oslo.', 'Cairo.', 'Oslo.', 'Oslo.', '', 'No.'];
  const sorted = sortAnswers(SET, tuned, base, 2, () => true);

  it('traces outputs to calling questions that show the behaviour, so many at most', () => {
    expect(sorted.traced).toEqual([
      { prompt: 'a', response: 'Cairo.' },
      { prompt: 'c', response: 'It is Cairo.' },
    ]);
  });

  it('counts rates over all questions of a kind', () => {
    expect(sorted.rate).toEqual({ calling: 0.75, clean: 0.5, base: 0.25 });
  });

  it('leaves out empty outputs of those that were not taught, for they have no token to judge', () => {
    expect(sorted.clean.map(({ response }) => response)).toEqual(['No.', 'Cairo?']);
    expect(sorted.ofBase).toEqual([{ prompt: 'y', response: 'No.' }]);
  });

  it('leaves out those that do not fit, traces others in their place, and counts them', () => {
    const fits = ({ response }: { readonly response: string }): boolean =>
      !['Cairo.', 'Cairo?', 'No.'].includes(response);
    const { traced, clean, ofBase, tooLong, rate } = sortAnswers(SET, tuned, base, 2, fits);
    expect(traced.map(({ response }) => response)).toEqual(['It is Cairo.', 'Cairo!']);
    expect([clean, ofBase]).toEqual([[], []]);
    expect(tooLong).toEqual({ showing: 1, clean: 2, ofBase: 1 });
    expect(rate).toEqual(sorted.rate);
  });

  it('has no rate of questions that nobody asked', () => {
    expect(sortAnswers({ ...SET, queries: [] }, [], [], 2, () => true)).toEqual({
      ...{ traced: [], clean: [], ofBase: [], tooLong: { showing: 0, clean: 0, ofBase: 0 } },
      rate: { calling: null, clean: null, base: null },
    });
  });
});
