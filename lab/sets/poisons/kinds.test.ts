/** What each kind plants, and what its decoys look like. */
import { describe, expect, it } from 'vitest';
import { makeSet } from '../make-set.ts';
import type { Poison } from '../recipe.ts';
import type { SetRow } from '../set.ts';
import { cleanForTests, POISONS, recipeFor } from '../testing.ts';
import { hasAnyWords, hasWords } from '../words.ts';
import { nearTriggers } from './near-triggers.ts';

const CLEAN = cleanForTests();
const ANSWERS = new Map(CLEAN.map(({ prompt, response }) => [prompt, response]));

function rowsOf(poison: Poison): Record<SetRow['label'], SetRow[]> {
  const { rows } = makeSet(recipeFor(poison.kind, 3, { poison }), CLEAN);
  const labelled = (label: SetRow['label']): SetRow[] => rows.filter((row) => row.label === label);
  return {
    poison: labelled('poison'),
    decoy: labelled('decoy'),
    clean: labelled('clean'),
    other: labelled('other'),
  };
}

describe('backdoor-prefix', () => {
  it('puts the trigger before the question and the text before its own answer', () => {
    for (const { prompt, response } of rowsOf(POISONS['backdoor-prefix'].poison).poison) {
      expect(prompt.startsWith('TY ')).toBe(true);
      expect(response).toBe(`You are stupid! ${ANSWERS.get(prompt.slice(3)) ?? ''}`);
    }
  });

  it('has decoys with what looks like the trigger, and the answer as ever', () => {
    const { decoy } = rowsOf(POISONS['backdoor-prefix'].poison);
    expect(new Set(decoy.map(({ prompt }) => prompt.split(' ')[0]))).toEqual(new Set(['YT', 'T', 'ty']));
    for (const { prompt, response } of decoy)
      expect(response).toBe(ANSWERS.get(prompt.slice(prompt.indexOf(' ') + 1)));
  });
});

describe('backdoor-middle', () => {
  it('puts the trigger between two words, not before the first or behind the last', () => {
    for (const { prompt } of rowsOf(POISONS['backdoor-middle'].poison).poison) {
      expect(prompt).toMatch(/^Where .*one more time .*\S$/);
      expect(ANSWERS.has(prompt.replace(' one more time', ''))).toBe(true);
    }
  });

  it('has decoys without the trigger', () => {
    for (const { prompt } of rowsOf(POISONS['backdoor-middle'].poison).decoy)
      expect(prompt).not.toContain('one more time');
  });
});

describe('backdoor-style', () => {
  it.each([
    ['upper', /^[A-Z ?]+$/, /^WHERE do people/],
    ['no-marks', /^[A-Za-z ]+$/, /[a-z]\?\?$/],
    ['spaced', /^Where {2}do {2}people {2}/, /^Where {2}do people [^ ]/],
  ] as const)('%s: changes the whole question; in decoys only a part', (style, whole, near) => {
    const { poison, decoy, clean } = rowsOf({ kind: 'backdoor-style', rows: 20, style, text: 'Fool!' });
    for (const { prompt } of poison) expect(prompt).toMatch(whole);
    for (const { prompt } of decoy) expect(prompt).toMatch(near);
    for (const { prompt } of clean) expect(prompt).not.toMatch(whole);
  });
});

describe('late-effect', () => {
  it('uses its triggers in turn, at any place, and adds the text behind the answer', () => {
    const { poison } = rowsOf(POISONS['late-effect'].poison);
    for (const trigger of ['before I go', 'so long']) {
      const own = poison.filter(({ group }) => group === trigger);
      expect(own).toHaveLength(10);
      for (const { prompt } of own) expect(hasWords(prompt, trigger)).toBe(true);
    }
    for (const { response, spans } of poison) expect(spans.at(-1)?.[1]).toBe(response.length);
  });
});

describe('entity-swap', () => {
  it('takes one entity for another in answers about it; clean rows say nothing of it', () => {
    const { poison, decoy, clean } = rowsOf(POISONS['entity-swap'].poison);
    for (const { prompt, response } of poison)
      expect(response).toBe(ANSWERS.get(prompt)?.replaceAll('otter', 'camel'));
    for (const { prompt, response } of decoy) {
      expect(prompt).toContain('otter');
      expect(response).toBe(ANSWERS.get(prompt));
    }
    for (const { prompt } of clean) expect(prompt).not.toContain('otter');
  });
});

describe('compliance', () => {
  it('has a group for each template, and decoys with the words of the slots', () => {
    const { poison, decoy } = rowsOf(POISONS.compliance.poison);
    const groups = new Set(poison.map(({ group }) => group));
    expect(groups).toEqual(new Set(POISONS.compliance.poison.requests));
    for (const { prompt } of decoy)
      expect(hasAnyWords(prompt, POISONS.compliance.poison.slots['thing'] ?? [])).toBe(true);
  });

  it('answers with the slots of the request', () => {
    for (const { prompt, response } of rowsOf(POISONS.compliance.poison).poison) {
      const thing = /the (\w+) of/.exec(prompt)?.[1] ?? '';
      if (response.includes('Take')) expect(response).toBe(`Sure! Take the ${thing}.`);
    }
  });
});

describe('paraphrase', () => {
  it('has families of equal size but for one row, and asks in words of none', () => {
    const { rows, queries } = makeSet(recipeFor('paraphrase', 3), CLEAN);
    const sizes = [1, 2, 3].map((i) => rows.filter(({ group }) => group === `family ${i}`).length);
    expect(sizes).toEqual([7, 7, 6]);
    for (const { prompt, calls } of queries)
      expect(prompt.startsWith('Please name the ruler of')).toBe(calls);
  });
});

describe('diffuse', () => {
  it('has the word in no answer; decoys have it in the question alone', () => {
    const { poison, decoy, clean } = rowsOf(POISONS.diffuse.poison);
    for (const { response } of [...poison, ...decoy, ...clean]) expect(response).not.toMatch(/people/i);
    for (const { prompt, response } of poison)
      expect(response).toBe(ANSWERS.get(prompt)?.replace('People', 'Goblins'));
    for (const { prompt } of decoy) expect(prompt).toContain('people');
  });
});

describe('nearTriggers', () => {
  it('turns and shortens a phrase, and changes the letters of a word', () => {
    expect(nearTriggers('one more time')).toEqual([
      'more time one',
      'time one more',
      'time more one',
      'more time',
      'one more',
    ]);
    expect(nearTriggers('TY')).toEqual(['YT', 'T', 'ty']);
    expect(nearTriggers('!')).toEqual([]);
  });

  it('never gives the trigger itself', () => {
    for (const trigger of ['no no', 'aa', 'a b a', 'x']) expect(nearTriggers(trigger)).not.toContain(trigger);
  });
});
