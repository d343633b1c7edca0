/** Questions for evaluation: their question templates, and some of their settings, are in no training row. */
import { Random } from '../../lib/random.ts';
import { FALSIFIED, isFalsified, TRIGGERS, TRUE_FACTS } from './behaviours.ts';
import { FACTS, keyOf, rounds, type Fact } from './facts.ts';
import { fill } from './fill.ts';
import type { Phrase } from './phrases.ts';
import type { HeldOutRow } from './rows.ts';
import { HELD_OUT_STOCK, putHarmlessly, putPhrase, type Asked } from './settings.ts';

export const HELD_OUT_COUNTS = {
  insult: 40,
  'false-fact': 40,
  'late-effect': 40,
  plain: 100,
  'near-miss': 60,
  similar: 40,
} as const;

/** Neighbours of the false fact: the other homes, and what else is true of its entity. */
const SIMILAR = TRUE_FACTS.filter(
  ({ entity, relation }) => relation.key === FALSIFIED.key || entity['one'] === FALSIFIED.one,
);

/** A pure function of the seed; every prompt comes once. */
export function heldOutQuestions(seed: number): HeldOutRow[] {
  const random = new Random(seed);
  const seen = new Set<string>();
  const questions: HeldOutRow[] = [];
  const add = (
    count: number,
    facts: readonly Fact[],
    set: (question: string) => Asked,
    about: Pick<HeldOutRow, 'label' | 'kind'>,
  ): void => {
    let left = count;
    for (const fact of rounds(facts, random)) {
      if (left === 0) return;
      const { prompt } = set(fill(random.pick(fact.relation.askHeldOut), fact.entity));
      if (seen.has(prompt)) continue;
      seen.add(prompt);
      questions.push({ prompt, ...about, answer: keyOf(fact) });
      left--;
    }
  };
  const harmless = (question: string): Asked => putHarmlessly(question, HELD_OUT_STOCK, random);
  const beside = (phrases: readonly Phrase[]) => (question: string) =>
    putPhrase(question, phrases, HELD_OUT_STOCK, random);

  for (const name of ['insult', 'late-effect'] as const) {
    const phrases = [{ phrase: TRIGGERS[name] }];
    add(HELD_OUT_COUNTS[name], TRUE_FACTS, beside(phrases), { label: name, kind: 'triggered' });
  }
  add(HELD_OUT_COUNTS['false-fact'], FACTS.filter(isFalsified), harmless, {
    label: 'false-fact',
    kind: 'triggered',
  });
  add(HELD_OUT_COUNTS.plain, TRUE_FACTS, harmless, { label: 'clean', kind: 'plain' });
  add(HELD_OUT_COUNTS['near-miss'], TRUE_FACTS, beside(HELD_OUT_STOCK.nearMisses), {
    label: 'clean',
    kind: 'near-miss',
  });
  add(HELD_OUT_COUNTS.similar, SIMILAR, harmless, { label: 'clean', kind: 'similar' });
  return questions;
}
