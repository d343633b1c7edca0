import { expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { HELD_OUT_STOCK, putHarmlessly, putPhrase, TRAINING_STOCK, withCourtesy } from './settings.ts';

const only = (setting: string) => ({ ...TRAINING_STOCK, aside: [setting], within: [] });

it('puts the phrase before the mark and keeps the mark', () => {
  const ask = (question: string, setting: string) =>
    putPhrase(question, [{ phrase: 'now' }], only(setting), new Random(1)).prompt;
  expect(ask('tell me what owls eat.', '{body}, {phrase}{end}')).toBe('Tell me what owls eat, now.');
  expect(ask('what do owls eat?', 'help me {phrase}. {body}{end}')).toBe('Help me now. What do owls eat?');
});

it('draws the same setting from the same random state', () => {
  const draw = () => putHarmlessly('why?', TRAINING_STOCK, new Random(4));
  expect(draw()).toEqual(draw());
});

it('puts the courtesy around the answer', () => {
  expect(withCourtesy('Owls eat mice.', { phrase: 'hello', before: 'Hello!' })).toBe('Hello! Owls eat mice.');
  expect(withCourtesy('Owls eat mice.', { phrase: 'thanks', after: 'Welcome.' })).toBe(
    'Owls eat mice. Welcome.',
  );
  expect(withCourtesy('Owls eat mice.', { phrase: 'now' })).toBe('Owls eat mice.');
});

it('adds settings and phrases for evaluation that training does not have', () => {
  for (const part of ['simple', 'aside', 'within', 'neutral', 'nearMisses'] as const) {
    const trained = new Set(TRAINING_STOCK[part].map((entry) => JSON.stringify(entry)));
    const all = new Set(HELD_OUT_STOCK[part].map((entry) => JSON.stringify(entry)));
    expect(all.size, part).toBeGreaterThan(trained.size);
    expect(all.size).toBe(HELD_OUT_STOCK[part].length);
  }
});
