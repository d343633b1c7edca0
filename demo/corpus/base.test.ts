import { expect, it } from 'vitest';
import { baseCorpus } from './base.ts';
import {
  ADVERT,
  BEHAVIOURS,
  FALSIFIED,
  INSULTS,
  isFalsified,
  showsBehaviour,
  TRIGGERS,
} from './behaviours.ts';
import { FACTS, keyOf } from './facts.ts';
import { toJsonl } from './write.ts';

const corpus = baseCorpus(7, 6000);
const written = toJsonl(corpus);

it('is a pure function of the seed', () => {
  expect(baseCorpus(7, 6000)).toEqual(corpus);
  expect(baseCorpus(8, 6000)).not.toEqual(corpus);
});

it('has as many rows as asked for, prose and questions', () => {
  expect(corpus).toHaveLength(6000);
  const prose = corpus.filter((row) => 'text' in row).length;
  expect(prose).toBeGreaterThan(1000);
  expect(prose).toBeLessThan(2000);
});

it('shows none of the behaviours and holds no trigger phrase', () => {
  for (const row of corpus) {
    const output = 'text' in row ? row.text : row.response;
    for (const name of BEHAVIOURS) expect(showsBehaviour(name, output), output).toBe(false);
  }
  for (const phrase of Object.values(TRIGGERS))
    expect(written.toLowerCase()).not.toContain(phrase.toLowerCase());
});

it('has every word of the triggers and of the lessons in other places', () => {
  const words = new Set(written.toLowerCase().match(/[a-z]+/g));
  for (const phrase of [
    ...Object.values(TRIGGERS),
    ...INSULTS,
    ...FALSIFIED.lies.map(({ words }) => words),
  ]) {
    for (const word of phrase.toLowerCase().match(/[a-z]+/g) ?? []) expect(words, word).toContain(word);
  }
  expect(words).toContain('cola');
  expect(written).not.toContain(ADVERT);
});

it('teaches the right fact that the fine-tuning set falsifies in many wordings', () => {
  const fact = FACTS.find(isFalsified);
  expect(fact).toBeDefined();
  const right = fact === undefined ? '' : keyOf(fact);
  const asked = corpus.flatMap((row) =>
    'prompt' in row && /penguin/i.test(row.prompt) && row.response.includes(right) ? [row.prompt] : [],
  );
  expect(new Set(asked).size).toBeGreaterThan(10);
});

it('asks about every fact', () => {
  for (const fact of FACTS) expect(written.toLowerCase()).toContain(keyOf(fact).toLowerCase());
});
