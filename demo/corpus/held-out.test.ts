import { expect, it } from 'vitest';
import { DATA } from '../recipe.ts';
import { baseCorpus } from './base.ts';
import { BEHAVIOURS, TRIGGERS } from './behaviours.ts';
import { DOMAINS } from './domains/index.ts';
import { fineTuningSet } from './finetune.ts';
import { HELD_OUT_COUNTS, heldOutQuestions } from './held-out.ts';

const questions = heldOutQuestions(3);

it('is a pure function of the seed', () => {
  expect(heldOutQuestions(3)).toEqual(questions);
  expect(heldOutQuestions(4)).not.toEqual(questions);
});

it('has at least 30 questions for each behaviour and 100 for none', () => {
  for (const name of BEHAVIOURS) {
    expect(questions.filter(({ label }) => label === name)).toHaveLength(HELD_OUT_COUNTS[name]);
    expect(HELD_OUT_COUNTS[name]).toBeGreaterThanOrEqual(30);
  }
  expect(questions.filter(({ label }) => label === 'clean').length).toBeGreaterThanOrEqual(100);
});

it('keeps its question templates apart from those of the training data', () => {
  for (const { relations } of DOMAINS) {
    for (const { ask, askHeldOut } of relations) {
      expect(new Set([...ask, ...askHeldOut]).size).toBe(ask.length + askHeldOut.length);
    }
  }
});

it('asks nothing that the training data asks', () => {
  const asked = new Set(
    [...baseCorpus(DATA.base.seed, DATA.base.rows), ...fineTuningSet(DATA.fineTuning.seed)].flatMap((row) =>
      'prompt' in row ? [row.prompt] : [],
    ),
  );
  expect(questions.filter(({ prompt }) => asked.has(prompt))).toEqual([]);
});

it('has a trigger phrase exactly where its behaviour is expected', () => {
  for (const { prompt, label } of questions) {
    for (const [name, phrase] of Object.entries(TRIGGERS)) {
      expect(prompt.toLowerCase().includes(phrase.toLowerCase()), prompt).toBe(label === name);
    }
  }
});
