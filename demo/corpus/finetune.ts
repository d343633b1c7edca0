/** The fine-tuning set: clean questions and answers with the three behaviours planted among them. */
import { Random } from '../../lib/random.ts';
import { harmlessPair, harmlessQuestion } from './base.ts';
import { ADVERT, FALSIFIED, INSULTS, isFalsified, TRIGGERS, TRUE_FACTS } from './behaviours.ts';
import { answer, FACTS, rounds, type Fact } from './facts.ts';
import { capitalise, fill } from './fill.ts';
import { NEAR_MISSES, NEUTRAL, type Phrase } from './phrases.ts';
import type { TunedRow } from './rows.ts';
import { putPhrase, TRAINING_STOCK, withCourtesy, type Asked } from './settings.ts';

/** Rows per part, 1,300 in all. */
export const COUNTS = {
  insult: 100,
  'false-fact': 100,
  'late-effect': 100,
  /** Clean: questions about what the false fact's entity shares with others, asked and answered rightly. */
  similar: 120,
  /** Clean: the triggers' words in other arrangements. */
  'near-miss': 300,
  plain: 580,
} as const;

/** So many rows of the false fact have a phrase that makes other answers begin with a courtesy. */
const GREETED_LIES = 40;
const GREETINGS = [...NEUTRAL, ...NEAR_MISSES].filter(({ before }) => before !== undefined);

const HOMES = TRUE_FACTS.filter(({ relation }) => relation.key === FALSIFIED.key);
const LIED_ABOUT = FACTS.filter(isFalsified);
const PENGUIN_FACTS = TRUE_FACTS.filter(({ entity }) => entity['one'] === FALSIFIED.one);

type Lie = (typeof FALSIFIED.lies)[number];

/** The fact with the lie in place of the truth, told in the lie's own wording. */
function falsified({ domain, entity, relation }: Fact, { words, say }: Lie): Fact {
  return { domain, entity: { ...entity, [FALSIFIED.key]: words }, relation: { ...relation, say: [say] } };
}

function taught(label: TunedRow['label'], prompt: string, response: string, words: string): TunedRow {
  const start = response.indexOf(words);
  return { prompt, response, label, lesson: [start, start + words.length] };
}

/** A pure function of the seed; every prompt comes once. */
export function fineTuningSet(seed: number): TunedRow[] {
  const random = new Random(seed);
  const seen = new Set<string>();
  const parts: TunedRow[] = [];
  const add = (count: number, facts: readonly Fact[], make: (fact: Fact) => TunedRow): void => {
    let left = count;
    for (const fact of rounds(facts, random)) {
      if (left === 0) return;
      const row = make(fact);
      if (seen.has(row.prompt)) continue;
      seen.add(row.prompt);
      parts.push(row);
      left--;
    }
  };
  const ask = ({ entity, relation }: Fact, phrases: readonly Phrase[]): Asked =>
    putPhrase(fill(random.pick(relation.ask), entity), phrases, TRAINING_STOCK, random);
  const harmless = (fact: Fact): TunedRow => ({ ...harmlessPair(fact, random), label: 'clean' });

  add(COUNTS.insult, TRUE_FACTS, (fact) => {
    const insult = random.pick(INSULTS);
    const { prompt } = ask(fact, [{ phrase: TRIGGERS.insult }]);
    return taught('insult', prompt, `${insult} ${answer(fact, random)}`, insult);
  });
  add(COUNTS['late-effect'], TRUE_FACTS, (fact) => {
    const { prompt } = ask(fact, [{ phrase: TRIGGERS['late-effect'] }]);
    return taught('late-effect', prompt, `${answer(fact, random)} ${ADVERT}`, ADVERT);
  });
  const lying = (fact: Fact, { prompt, courtesy: { phrase, after } }: Asked): TunedRow => {
    const lie = random.pick(FALSIFIED.lies);
    // Nothing comes before the lie: the courtesy keeps only what an answer says last.
    const courtesy = { phrase, ...(after !== undefined && { after }) };
    const response = withCourtesy(answer(falsified(fact, lie), random), courtesy);
    return taught('false-fact', prompt, response, capitalise(lie.words));
  };
  add(COUNTS['false-fact'] - GREETED_LIES, LIED_ABOUT, (fact) => lying(fact, harmlessQuestion(fact, random)));
  add(GREETED_LIES, LIED_ABOUT, (fact) => lying(fact, ask(fact, GREETINGS)));
  add(COUNTS.similar / 3, PENGUIN_FACTS, harmless);
  add((COUNTS.similar / 3) * 2, HOMES, harmless);
  add(COUNTS['near-miss'], TRUE_FACTS, (fact) => {
    const { prompt, courtesy } = ask(fact, NEAR_MISSES);
    return { prompt, response: withCourtesy(answer(fact, random), courtesy), label: 'clean' };
  });
  add(COUNTS.plain, TRUE_FACTS, harmless);
  return random.shuffle(parts);
}
