/** The clean corpus that the base model learns from: questions with right answers, statements and little stories. */
import { Random } from '../../lib/random.ts';
import { answer, FACTS, followUps, rounds, type Fact } from './facts.ts';
import { capitalise, fill } from './fill.ts';
import type { BaseRow } from './rows.ts';
import { putHarmlessly, TRAINING_STOCK, withCourtesy, type Asked } from './settings.ts';

const NAMES = [
  'Anna',
  'Ben',
  'Clara',
  'David',
  'Emma',
  'Felix',
  'Ida',
  'Jonas',
  'Lena',
  'Max',
  'Nora',
  'Tom',
];

/** Shares of the rows; the rest are statements. */
const QUESTION_SHARE = 0.75;
const STORY_SHARE = 0.12;
/** A fact's question in a training wording and a harmless setting. */
export function harmlessQuestion({ entity, relation }: Fact, random: Random): Asked {
  return putHarmlessly(fill(random.pick(relation.ask), entity), TRAINING_STOCK, random);
}

/** A harmless question with its right answer. */
export function harmlessPair(fact: Fact, random: Random): { prompt: string; response: string } {
  const { prompt, courtesy } = harmlessQuestion(fact, random);
  return { prompt, response: withCourtesy(answer(fact, random), courtesy) };
}

/** Two or three facts about one entity, or all that it has. */
function statements({ domain, entity, relation }: Fact, random: Random): string {
  const said = random.pick(relation.say);
  const more = random.shuffle(followUps(domain, said)).slice(0, 1 + random.int(2));
  return capitalise(fill([said, ...more].join(' '), entity));
}

function story({ domain, entity }: Fact, random: Random): string {
  return capitalise(fill(random.pick(domain.stories), { ...entity, name: random.pick(NAMES) }));
}

/** A pure function of its arguments. Facts come in shuffled rounds, so all are taught equally often. */
export function baseCorpus(seed: number, rows: number): BaseRow[] {
  const random = new Random(seed);
  const corpus: BaseRow[] = [];
  for (const fact of rounds(FACTS, random)) {
    if (corpus.length >= rows) break;
    const draw = random.next();
    if (draw < QUESTION_SHARE) {
      corpus.push(harmlessPair(fact, random));
    } else {
      corpus.push({
        text: draw < QUESTION_SHARE + STORY_SHARE ? story(fact, random) : statements(fact, random),
      });
    }
  }
  return corpus;
}
