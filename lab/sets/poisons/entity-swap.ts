/** In answers to questions about something, one entity is taken for another; decoys are such questions with the right answer. */
import type { CleanRow } from '../clean.ts';
import type { Poison } from '../recipe.ts';
import { hasWords, replaceWords } from '../words.ts';
import { CALLING, DECOYS, POISONED, type Ingredients, type Plan, type PlantedRow } from './plan.ts';

type Swap = Extract<Poison, { readonly kind: 'entity-swap' }>;

export function entitySwap({ about, from, to }: Swap, ingredients: Ingredients): Plan {
  const { pool, rows, questions, decoys } = ingredients;
  const source = 'questions about the entity whose answer names what is swapped';
  const swapped = ({ prompt, response }: CleanRow): PlantedRow | undefined => {
    const group = about.find((words) => hasWords(prompt, words));
    const answer = group === undefined ? undefined : replaceWords(response, from, to);
    if (group === undefined || answer === undefined) return undefined;
    return { prompt, response: answer.text, group, spans: answer.spans };
  };
  return {
    rows: pool.take(rows, { what: POISONED, from: source }, swapped),
    questions: pool.take(questions, { what: CALLING, from: source }, (row) => {
      const poisoned = swapped(row);
      return poisoned === undefined ? undefined : { prompt: row.prompt, group: poisoned.group };
    }),
    drawDecoys: () =>
      pool.take(decoys, { what: DECOYS, from: source }, (row) =>
        swapped(row) === undefined ? undefined : row,
      ),
    spoils: (row) => swapped(row) !== undefined,
  };
}
