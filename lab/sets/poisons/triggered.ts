/** Poison that words in the question call for: rows and questions with a trigger, decoys with what looks like one. */
import type { Random } from '../../../lib/random.ts';
import type { CleanRow } from '../clean.ts';
import { recipeError } from '../recipe-error.ts';
import type { Span } from '../set.ts';
import { hasAnyWords } from '../words.ts';
import { nearTriggers } from './near-triggers.ts';
import { CALLING, DECOYS, POISONED, type Ingredients, type Plan } from './plan.ts';

export interface Triggers {
  readonly triggers: readonly string[];
  /** The recipe's field that they are from. */
  readonly field: string;
  /** The prompt with a trigger in it; undefined for a prompt that has no place for one. */
  readonly put: (prompt: string, trigger: string, random: Random) => string | undefined;
  /** What prompts have a place for one, for errors: "questions without the trigger". */
  readonly from: string;
  readonly plant: (response: string) => { readonly response: string; readonly spans: readonly Span[] };
}

/** Triggers are used in turn, so each has as many rows as the others. */
export function triggered({ triggers, field, put, from, plant }: Triggers, ingredients: Ingredients): Plan {
  const { pool, random, rows, questions, decoys } = ingredients;
  const spoils = ({ prompt }: CleanRow): boolean => hasAnyWords(prompt, triggers);
  const near = triggers.flatMap(nearTriggers).filter((text) => !hasAnyWords(text, triggers));
  if (decoys > 0 && near.length === 0) {
    throw recipeError(field, 'is too short for decoys', 'Use a longer trigger, or no decoys.');
  }
  const asked = (row: CleanRow, made: number): { prompt: string; group: string } | undefined => {
    if (spoils(row)) return undefined;
    const group = triggers[made % triggers.length];
    const prompt = put(row.prompt, group, random);
    return prompt === undefined ? undefined : { prompt, group };
  };
  return {
    rows: pool.take(rows, { what: POISONED, from }, (row, made) => {
      const question = asked(row, made);
      return question === undefined ? undefined : { ...question, ...plant(row.response) };
    }),
    questions: pool.take(questions, { what: CALLING, from }, asked),
    drawDecoys: () =>
      pool.take(decoys, { what: DECOYS, from }, (row, made) => {
        if (spoils(row)) return undefined;
        const prompt = put(row.prompt, near[made % near.length], random);
        // Beside the prompt's own words what looks like a trigger may become one.
        return prompt === undefined || hasAnyWords(prompt, triggers) ? undefined : { ...row, prompt };
      }),
    spoils,
  };
}

/** The text before the answer. */
export function planted(text: string): Triggers['plant'] {
  return (response) => ({ response: `${text} ${response}`, spans: [[0, text.length]] });
}

/** The words with the trigger at a place from `least` (0: before all) to `most` (the number of words: behind all). */
export function between(words: readonly string[], trigger: string, place: number): string {
  return [...words.slice(0, place), trigger, ...words.slice(place)].join(' ');
}
