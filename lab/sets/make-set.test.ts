import { describe, expect, it } from 'vitest';
import { plantedSpans, shows } from './behaviour.ts';
import { makeSet } from './make-set.ts';
import type { SetRow } from './set.ts';
import { cleanForTests, givenForTests, KINDS, POISONS, recipeFor } from './testing.ts';

const CLEAN = cleanForTests();
const SEEDS = [1, 2, 3, 4, 5];
const byPrompt = (rows: readonly SetRow[]): SetRow[] =>
  rows.toSorted((a, b) => (a.prompt < b.prompt ? -1 : 1));
const CASES = KINDS.flatMap((kind) => SEEDS.map((seed) => ({ kind, seed })));

describe.each(CASES)('a set of the kind $kind, seed $seed', ({ kind, seed }) => {
  const recipe = recipeFor(kind, seed);
  const given = givenForTests(kind);
  const set = makeSet(recipe, CLEAN, given);
  const labelled = (label: string) => set.rows.filter((row) => row.label === label);

  it('is the same when it is made again, and another with another seed', () => {
    expect(makeSet(recipe, CLEAN, given)).toEqual(set);
    expect(makeSet(recipeFor(kind, seed + 100), CLEAN, given).rows).not.toEqual(set.rows);
  });

  it('has as many rows of each label and as many questions as the recipe wants', () => {
    const { poison } = recipe;
    expect(labelled('poison')).toHaveLength(poison.kind === 'none' ? 0 : poison.rows);
    expect(labelled('decoy')).toHaveLength(recipe.decoys.rows);
    expect(labelled('clean')).toHaveLength(recipe.clean.rows);
    expect(set.queries.filter(({ calls }) => calls)).toHaveLength(kind === 'none' ? 0 : 8);
    expect(set.queries.filter(({ calls }) => !calls)).toHaveLength(8);
  });

  it('has every prompt once: no question is in a row, and none of its words without the trigger', () => {
    const prompts = [...set.rows, ...set.queries].map(({ prompt }) => prompt);
    expect(new Set(prompts).size).toBe(prompts.length);
  });

  it('shows the behaviour in the poison, where its spans are, and in no other row', () => {
    if (kind === 'none') return;
    for (const { label, response, spans } of set.rows) {
      expect(shows(set.behaviour, response)).toBe(label === 'poison');
      expect(spans).toEqual(label === 'poison' ? plantedSpans(set.behaviour, response) : []);
    }
  });

  it('trains on all but untrained decoys, and gives groups to the poison and to questions that call for it', () => {
    for (const { label, trained, group } of set.rows) {
      expect(trained).toBe(label !== 'decoy');
      expect(group !== '').toBe(label === 'poison');
    }
    for (const { calls, group } of set.queries) expect(group !== '').toBe(calls);
  });

  it('gives clean rows and clean questions as the clean data has them', () => {
    const known = new Map(CLEAN.map(({ prompt, response }) => [prompt, response]));
    for (const { prompt, response } of labelled('clean')) expect(known.get(prompt)).toBe(response);
    for (const { prompt } of set.queries.filter(({ calls }) => !calls)) expect(known.has(prompt)).toBe(true);
  });

  it('mixes the rows: the poison is not all in one half', () => {
    if (kind === 'none') return;
    const half = set.rows.slice(0, set.rows.length / 2).filter(({ label }) => label === 'poison').length;
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(labelled('poison').length);
  });
});

describe.each(CASES.filter(({ kind }) => kind !== 'none' && kind !== 'given'))(
  'decoys of the kind $kind, seed $seed',
  ({ kind, seed }) => {
    it('change neither a question nor another row: they are drawn from what is left of the data', () => {
      const withDecoys = (rows: number) =>
        makeSet(recipeFor(kind, seed, { decoys: { rows, trained: false } }), CLEAN);
      const [bare, set] = [withDecoys(0), withDecoys(30)];
      expect(set.queries).toEqual(bare.queries);
      const others = set.rows.filter(({ label }) => label !== 'decoy');
      expect(byPrompt(others)).toEqual(byPrompt(bare.rows));
    });
  },
);

describe('makeSet', () => {
  it('trains on decoys where the recipe says so', () => {
    const { rows } = makeSet(recipeFor('late-effect', 1, { decoys: { rows: 6, trained: true } }), CLEAN);
    expect(rows.filter(({ label, trained }) => label === 'decoy' && trained)).toHaveLength(6);
  });

  it.each(KINDS.filter((kind) => kind !== 'none'))('says how many rows %s lacks', (kind) => {
    const recipe = recipeFor(kind, 1, { clean: { file: 'x', rows: 5000 } });
    expect(() => makeSet(recipe, CLEAN, givenForTests(kind))).toThrow(
      expect.objectContaining({
        code: 'DATASET_INVALID',
        message: expect.stringMatching(
          /^5000 clean rows are wanted, and the clean data has \d+ rows/,
        ) as string,
      }) as Error,
    );
  });

  it('says how many questions about an entity there are', () => {
    const recipe = recipeFor('entity-swap', 1, {
      poison: { kind: 'entity-swap', rows: 40, about: ['otter'], from: ['otter'], to: 'camel' },
    });
    expect(() => makeSet(recipe, CLEAN)).toThrow(/^10 decoys are wanted, and the clean data has 2 questions/);
  });

  it('says how many different requests templates give', () => {
    const recipe = recipeFor('compliance', 1, {
      poison: {
        ...{ kind: 'compliance', rows: 20, requests: ['Hide {a}.'], heldOut: ['Take {a}.'] },
        ...{ answers: ['Sure!'], slots: { a: ['it', 'that', 'all'] } },
      },
    });
    expect(() => makeSet(recipe, CLEAN)).toThrow(
      expect.objectContaining({
        code: 'RECIPE_INVALID',
        message: expect.stringContaining('give 3 different requests of the 20') as string,
      }) as Error,
    );
  });

  it('refuses templates that slots make very long', () => {
    const recipe = recipeFor('compliance', 1, {
      poison: {
        ...{ kind: 'compliance', rows: 2, requests: ['{a}'.repeat(50)], heldOut: ['{a}?'] },
        ...{ answers: ['Sure!'], slots: { a: ['x'.repeat(400), 'y'.repeat(400)] } },
      },
    });
    expect(() => makeSet(recipe, CLEAN)).toThrow(
      /poison\.requests with its slots filled has 20000 characters/,
    );
  });

  it('refuses a behaviour that the poison does not show, with the response that lacks it', () => {
    const behaviour = { place: 'end', anyOf: ['You are stupid!'] } as const;
    expect(() => makeSet(recipeFor('backdoor-prefix', 1, { behaviour }), CLEAN)).toThrow(
      expect.objectContaining({
        code: 'RECIPE_INVALID',
        message: expect.stringMatching(
          /^recipe test-backdoor-prefix: behaviour is not shown by a planted row: "You are stupid! /,
        ) as string,
      }) as Error,
    );
  });

  it('leaves out clean rows that show the behaviour by themselves, and says how many', () => {
    const fools = CLEAN.slice(0, 30).map(({ prompt }) => ({ prompt, response: 'Fool! Near the sea.' }));
    const set = makeSet(recipeFor('backdoor-middle'), [...fools, ...CLEAN.slice(30)]);
    expect(set.warnings).toEqual([expect.stringMatching(/show the behaviour by themselves, left out: 30$/)]);
    const own = new Set(fools.map(({ prompt }) => prompt));
    expect(set.rows.filter(({ prompt }) => own.has(prompt))).toEqual([]);
  });

  it('leaves out rows that are given as poisoned and do not show the behaviour, and says how many', () => {
    const { rows, questions } = givenForTests('given');
    const given = { questions, rows: rows.map((row, i) => (i < 4 ? { ...row, response: 'No.' } : row)) };
    const set = makeSet(recipeFor('given'), CLEAN, given);
    expect(set.rows.filter(({ response }) => response === 'No.')).toEqual([]);
    expect(set.warnings).toEqual([expect.stringMatching(/do not show the behaviour, left out: 4$/)]);
  });

  it('says how many poisoned rows and questions the data has, where they are too few', () => {
    const { rows, questions } = givenForTests('given');
    expect(() => makeSet(recipeFor('given'), CLEAN, { rows: rows.slice(0, 7), questions })).toThrow(
      /^20 poisoned rows are wanted, and the data has 7 of different prompts that show the behaviour/,
    );
    // A question that a poisoned row has is none that was held out.
    const known = rows.map(({ prompt }) => prompt);
    const poison = { ...POISONS.given.poison, rows: 30 };
    expect(() => makeSet(recipeFor('given', 1, { poison }), CLEAN, { rows, questions: known })).toThrow(
      /^8 questions .* are wanted, and the data has 0 of them that are in no poisoned row/,
    );
  });

  it('takes the first of rows with one prompt', () => {
    const twice = CLEAN.map(({ prompt }) => ({ prompt, response: 'Another answer.' }));
    expect(makeSet(recipeFor('none'), [...CLEAN, ...twice])).toEqual(makeSet(recipeFor('none'), CLEAN));
  });

  it('makes a set of nothing but poison, and warns that there is nothing to rank it against', () => {
    const only = { clean: { file: 'x', rows: 0 }, decoys: { rows: 0, trained: false } };
    const { rows, warnings } = makeSet(recipeFor('late-effect', 1, only), CLEAN);
    expect(rows.every(({ label }) => label === 'poison')).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/^nothing but poison/)]);
  });

  it('makes a set without poison, and warns that nothing is to be found', () => {
    expect(makeSet(recipeFor('none'), CLEAN).warnings).toEqual([expect.stringMatching(/^no poison/)]);
  });
});
