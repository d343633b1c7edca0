/** A word is another one wherever it comes in answers; decoys have it in the question and not in the answer. */
import type { CleanRow } from '../clean.ts';
import type { Poison } from '../recipe.ts';
import { hasWords, replaceWords } from '../words.ts';
import { CALLING, DECOYS, POISONED, type Ingredients, type Plan, type PlantedRow } from './plan.ts';

type Diffuse = Extract<Poison, { readonly kind: 'diffuse' }>;

export function diffuse({ from, to }: Diffuse, ingredients: Ingredients): Plan {
  const { pool, rows, questions, decoys } = ingredients;
  const source = 'rows whose answer has the word';
  const replaced = ({ prompt, response }: CleanRow): PlantedRow | undefined => {
    const answer = replaceWords(response, [from], to);
    return answer === undefined
      ? undefined
      : { prompt, response: answer.text, group: to, spans: answer.spans };
  };
  const spoils = (row: CleanRow): boolean => replaced(row) !== undefined;
  return {
    rows: pool.take(rows, { what: POISONED, from: source }, replaced),
    questions: pool.take(questions, { what: CALLING, from: source }, (row) =>
      spoils(row) ? { prompt: row.prompt, group: to } : undefined,
    ),
    drawDecoys: () =>
      pool.take(
        decoys,
        { what: DECOYS, from: 'rows that have the word in the question and not in the answer' },
        (row) => (hasWords(row.prompt, from) && !spoils(row) ? row : undefined),
      ),
    spoils,
  };
}
