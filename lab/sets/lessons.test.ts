import { describe, expect, it } from 'vitest';
import { makeSet } from './make-set.ts';
import type { Behaviour, Lesson, Recipe } from './recipe.ts';
import type { EvalSet, SetRow } from './set.ts';
import { cleanForTests, givenForTests, POISONS, recipeFor } from './testing.ts';
import { hasWords } from './words.ts';

const CLEAN = cleanForTests();
const INSULT = POISONS['backdoor-prefix'];
const LATE = POISONS['late-effect'];
const SWAP = POISONS['entity-swap'];
const LESSONS: readonly { readonly poison: Lesson; readonly behaviour: Behaviour }[] = [INSULT, LATE, SWAP];

/** Of all lessons, with questions about one of them; the others in the order given. */
function asking(asked: number, seed = 1, others = LESSONS.filter((_, i) => i !== asked)): Recipe {
  const { poison, behaviour } = LESSONS[asked];
  const beside = others.map((lesson) => lesson.poison);
  return recipeFor('none', seed, {
    ...{ poison, behaviour, others: beside },
    decoys: { rows: 6, trained: false },
  });
}

const bare = ({ rows }: EvalSet) =>
  rows.map(({ prompt, response, trained }) => ({ prompt, response, trained }));
const labelled = ({ rows }: EvalSet, label: SetRow['label']): SetRow[] =>
  rows.filter((row) => row.label === label);

describe('a set of several lessons', () => {
  it.each([1, 2, 3])('has the same rows whichever of them is asked about, seed %d', (seed) => {
    const [first, ...more] = LESSONS.map((_, asked) => makeSet(asking(asked, seed), CLEAN));
    for (const set of more) expect(bare(set)).toEqual(bare(first));
    const reversed = makeSet(asking(0, seed, [SWAP, LATE]), CLEAN);
    expect(bare(reversed)).toEqual(bare(first));
  });

  it('has poison of the lesson that is asked about, and other rows that are neither that nor clean', () => {
    for (const [asked, { poison }] of LESSONS.entries()) {
      const set = makeSet(asking(asked), CLEAN);
      const total = LESSONS.reduce((sum, lesson) => sum + lesson.poison.rows, 0);
      expect(labelled(set, 'poison')).toHaveLength(poison.rows);
      const others = labelled(set, 'other');
      expect(others).toHaveLength(total - poison.rows);
      for (const { spans, trained, group } of others)
        expect([spans, trained, group === '']).toEqual([[], true, false]);
      expect(labelled(set, 'decoy')).toHaveLength(18);
      expect(set.queries.filter(({ calls }) => calls)).toHaveLength(8);
    }
  });

  it('plants no lesson where another one is called for or unsaid', () => {
    const { rows, queries } = makeSet(asking(0), CLEAN);
    const triggered = ({ prompt }: { readonly prompt: string }): number =>
      ['TY', 'before I go', 'so long'].filter((trigger) => hasWords(prompt, trigger)).length;
    for (const row of rows) {
      const isAboutOtters = hasWords(row.prompt, 'otter');
      if (row.trained) expect(triggered(row) + (isAboutOtters ? 1 : 0)).toBe(row.label === 'clean' ? 0 : 1);
    }
    for (const query of queries) expect(hasWords(query.prompt, 'otter')).toBe(false);
  });

  it('has the questions and the other rows of the set without decoys', () => {
    const withDecoys = (rows: number) => makeSet({ ...asking(1, 1), decoys: { rows, trained: true } }, CLEAN);
    const [bare, set] = [withDecoys(0), withDecoys(6)];
    expect(set.queries).toEqual(bare.queries);
    const prompts = (rows: readonly SetRow[]): string[] => rows.map(({ prompt }) => prompt).sort();
    expect(prompts(set.rows.filter(({ label }) => label !== 'decoy'))).toEqual(prompts(bare.rows));
  });

  it('stands beside poison that is given', () => {
    const recipe = recipeFor('given', 1, { others: [SWAP.poison] });
    const set = makeSet(recipe, CLEAN, givenForTests('given'));
    expect(labelled(set, 'other')).toHaveLength(12);
    expect(labelled(set, 'poison')).toHaveLength(20);
  });
});

describe('lessons that clash are refused by name', () => {
  const refusal = (change: Lesson, message: RegExp): void => {
    const recipe = asking(0, 1, [SWAP, { ...LATE, poison: change }]);
    expect(() => makeSet(recipe, CLEAN)).toThrow(
      expect.objectContaining({
        code: 'RECIPE_INVALID',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  };

  it('where another lesson shows the behaviour that is asked about', () => {
    const middle = POISONS['backdoor-middle'].poison;
    refusal(
      { ...middle, text: 'You are stupid! Go.' },
      /^recipe test-none: others\[1\] has a row that shows the behaviour/,
    );
  });

  it('where two have one trigger', () => {
    refusal({ ...LATE.poison, triggers: ['so long', 'TY'] }, /calls for another lesson or unsays it/);
  });

  it('where one takes away the word that another one plants', () => {
    refusal({ kind: 'diffuse', rows: 10, from: 'stupid', to: 'wise' }, /^recipe test-none: poison has a row/);
  });

  it('with the lesson that the clean data has too little for', () => {
    const recipe = asking(0, 1, [LATE, { ...SWAP, poison: { ...SWAP.poison, rows: 40 } }]);
    expect(() => makeSet(recipe, CLEAN)).toThrow(
      /^others\[1\]: 6 decoys are wanted, and the clean data has 2 questions/,
    );
  });

  it('with the field of the lesson whose templates give too little', () => {
    const requests = {
      kind: 'compliance',
      rows: 9,
      requests: ['Hide {a}.'],
      heldOut: ['Take {a}.'],
    } as const;
    const poison = { ...requests, answers: ['Sure!'], slots: { a: ['it'] } };
    refusal(poison, /others\[1\]\.requests and the slots give 1 different requests/);
  });
});
