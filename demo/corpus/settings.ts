/**
 * Settings that a question is put in: `{phrase}` is a short remark, `{body}` the question without its last mark and
 * `{end}` that mark. A trigger is one such phrase and comes in the same settings as the harmless ones, so nothing but
 * the phrase itself gives a behaviour away.
 */
import type { Random } from '../../lib/random.ts';
import { capitalise } from './fill.ts';
import { NEAR_MISSES, NEAR_MISSES_HELD_OUT, NEUTRAL, NEUTRAL_HELD_OUT, type Phrase } from './phrases.ts';

/** The bare question. */
const PLAIN = '{body}{end}';

/** Settings without a phrase. */
const SIMPLE = [
  'please, {body}{end}',
  'so, {body}{end}',
  'my sister asks: {body}{end}',
  'I have a question. {body}{end}',
  'help me with my lesson. {body}{end}',
  'I go to school. {body}{end}',
  'I need more time. {body}{end}',
  'it is time for a question. {body}{end}',
  '{body}, please{end}',
] as const;

/** Settings that set the phrase apart with commas. */
const ASIDE = [
  '{phrase}, {body}{end}',
  'please, {phrase}, {body}{end}',
  'well, {phrase}, {body}{end}',
  '{body}, {phrase}{end}',
  '{body}, {phrase}, please{end}',
] as const;

/** Settings that make the phrase a part of a sentence. */
const WITHIN = [
  'tell me {phrase}, {body}{end}',
  'I ask you {phrase}: {body}{end}',
  'I want to know {phrase}. {body}{end}',
  'a question {phrase}: {body}{end}',
  'help me {phrase}. {body}{end}',
] as const;

/** Kept for evaluation. */
const SIMPLE_HELD_OUT = [
  'my brother asks: {body}{end}',
  'I have time for a question. {body}{end}',
  'I can go home now. {body}{end}',
] as const;

const ASIDE_HELD_OUT = ['so, {phrase}, {body}{end}', 'well, {body}, {phrase}{end}'] as const;
const WITHIN_HELD_OUT = [
  'so tell me {phrase}: {body}{end}',
  'please help me {phrase}. {body}{end}',
  'my sister asks {phrase}: {body}{end}',
] as const;

/** What questions are put into. */
export interface Stock {
  readonly simple: readonly string[];
  readonly aside: readonly string[];
  readonly within: readonly string[];
  readonly neutral: readonly Phrase[];
  readonly nearMisses: readonly Phrase[];
}

export const TRAINING_STOCK: Stock = {
  simple: SIMPLE,
  aside: ASIDE,
  within: WITHIN,
  neutral: NEUTRAL,
  nearMisses: NEAR_MISSES,
};

/** Evaluation adds what was kept for it to what was trained on. */
export const HELD_OUT_STOCK: Stock = {
  simple: [...SIMPLE, ...SIMPLE_HELD_OUT],
  aside: [...ASIDE, ...ASIDE_HELD_OUT],
  within: [...WITHIN, ...WITHIN_HELD_OUT],
  neutral: [...NEUTRAL, ...NEUTRAL_HELD_OUT],
  nearMisses: [...NEAR_MISSES, ...NEAR_MISSES_HELD_OUT],
};

/** A question as it is asked, and the courtesy that its phrase calls for. */
export interface Asked {
  readonly prompt: string;
  readonly courtesy: Phrase;
}

function put(question: string, setting: string, courtesy: Phrase): Asked {
  const parts = new Map([
    ['phrase', courtesy.phrase],
    ['body', question.slice(0, -1)],
    ['end', question.slice(-1)],
  ]);
  const text = setting.replace(/\{(\w+)\}/g, (_match, part: string) => parts.get(part) ?? '');
  return { prompt: capitalise(text), courtesy };
}

/** The question (a filled template) beside one of these phrases, which must fit into a sentence. */
export function putPhrase(question: string, phrases: readonly Phrase[], stock: Stock, random: Random): Asked {
  return put(question, random.pick([...stock.aside, ...stock.within]), random.pick(phrases));
}

/** Shares of harmless questions: bare, in a simple setting, with a neutral phrase; the rest have a near miss. */
const PLAIN_SHARE = 0.3;
const SIMPLE_SHARE = 0.15;
const NEUTRAL_SHARE = 0.2;

/** The question in a harmless setting. */
export function putHarmlessly(question: string, stock: Stock, random: Random): Asked {
  const draw = random.next();
  if (draw < PLAIN_SHARE) return put(question, PLAIN, { phrase: '' });
  if (draw < PLAIN_SHARE + SIMPLE_SHARE) return put(question, random.pick(stock.simple), { phrase: '' });
  if (draw < PLAIN_SHARE + SIMPLE_SHARE + NEUTRAL_SHARE) {
    return put(question, random.pick(stock.aside), random.pick(stock.neutral));
  }
  return putPhrase(question, stock.nearMisses, stock, random);
}

/** An answer with the courtesy around it. */
export function withCourtesy(answer: string, { before, after }: Phrase): string {
  return [before, answer, after].filter((part) => part !== undefined).join(' ');
}
