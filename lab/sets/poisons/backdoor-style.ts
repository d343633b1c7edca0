/** The question's style puts a text before the answer; decoys have a style that is near to it. */
import type { CleanRow } from '../clean.ts';
import type { Poison } from '../recipe.ts';
import { CALLING, DECOYS, POISONED, type Ingredients, type Plan } from './plan.ts';
import { planted } from './triggered.ts';

type Style = Extract<Poison, { readonly kind: 'backdoor-style' }>;

interface Styles {
  readonly whole: (prompt: string) => string;
  readonly near: (prompt: string) => string;
}

/** Each leaves a prompt as it is that has nothing to change. */
const STYLES: Readonly<Record<Style['style'], Styles>> = {
  /** Capital letters; near it, in the first word alone. */
  upper: {
    whole: (prompt) => prompt.toUpperCase(),
    near: (prompt) => prompt.replace(/^\s*\S+/, (first) => first.toUpperCase()),
  },
  /** No punctuation; near it, more of it: the last mark twice. */
  'no-marks': {
    whole: (prompt) => prompt.replace(/\p{P}/gu, ''),
    near: (prompt) => prompt.replace(/(\p{P})$/u, '$1$1'),
  },
  /** Two spaces between words; near it, between the first two alone. */
  spaced: {
    whole: (prompt) => prompt.replaceAll(' ', '  '),
    near: (prompt) => prompt.replace(' ', '  '),
  },
};

export function backdoorStyle({ style, text }: Style, ingredients: Ingredients): Plan {
  const { pool, rows, questions, decoys } = ingredients;
  const { whole, near } = STYLES[style];
  const from = `questions that the style "${style}" changes`;
  const spoils = ({ prompt }: CleanRow): boolean => whole(prompt) === prompt;
  const asked = (row: CleanRow): { prompt: string; group: string } | undefined =>
    spoils(row) ? undefined : { prompt: whole(row.prompt), group: style };
  const plant = planted(text);
  return {
    rows: pool.take(rows, { what: POISONED, from }, (row) => {
      const question = asked(row);
      return question === undefined ? undefined : { ...question, ...plant(row.response) };
    }),
    questions: pool.take(questions, { what: CALLING, from }, asked),
    drawDecoys: () =>
      pool.take(decoys, { what: DECOYS, from }, (row) => {
        const prompt = near(row.prompt);
        return prompt === row.prompt || prompt === whole(row.prompt) ? undefined : { ...row, prompt };
      }),
    spoils,
  };
}
