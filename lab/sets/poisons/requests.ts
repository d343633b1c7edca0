/** Rows and questions from templates, and decoys for them: clean rows that have the same words. */
import type { Random } from '../../../lib/random.ts';
import { plantedSpans } from '../behaviour.ts';
import type { CleanRow } from '../clean.ts';
import type { Pool } from '../pool.ts';
import { recipeError } from '../recipe-error.ts';
import type { Behaviour } from '../recipe.ts';
import { fillTemplate, slotsOf } from '../template.ts';
import { hasWords, wordsOf } from '../words.ts';
import { DECOYS, type CallingQuestion, type PlantedRow } from './plan.ts';

export type Slots = Readonly<Record<string, readonly string[]>>;

/** Attempts per row at a prompt that is not there yet. */
const ATTEMPTS = 50;
/** Longest text that a template may become, in UTF-16 units: slots can make much of little. */
const MAX_FILLED = 16_000;
/** A clean row with so many words of the templates, or with a text of a slot, looks like them. */
const LIKE_WORDS = 2;

interface Filled extends CallingQuestion {
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Requests of the templates in turn, with slots filled at random; no prompt comes twice. A row's group is its template.
 *
 * @param field that the templates are from, for errors
 * Throws RECIPE_INVALID where the templates and slots do not give so many.
 */
export function drawRequests(
  templates: readonly string[],
  slots: Slots,
  count: number,
  { pool, random, field }: { readonly pool: Pool; readonly random: Random; readonly field: string },
): Filled[] {
  const drawn: Filled[] = [];
  for (let attempt = 0; drawn.length < count && attempt < count * ATTEMPTS; attempt++) {
    const group = templates[attempt % templates.length];
    const values = new Map(Object.entries(slots).map(([name, texts]) => [name, random.pick(texts)]));
    const prompt = filled(group, values, field);
    if (pool.claim(prompt)) drawn.push({ prompt, group, values });
  }
  if (drawn.length === count) return drawn;
  throw recipeError(
    field,
    `and the slots give ${drawn.length} different requests of the ${count} that are wanted`,
    'Add templates or texts for the slots, or ask for fewer.',
  );
}

/** The request with an answer in the same slots; the spans are what shows the behaviour. `field` has the answers, for errors. */
export function answered(
  { prompt, group, values }: Filled,
  answers: readonly string[],
  behaviour: Behaviour,
  { random, field }: { readonly random: Random; readonly field: string },
): PlantedRow {
  const response = filled(random.pick(answers), values, field);
  return { prompt, response, group, spans: plantedSpans(behaviour, response) };
}

function filled(template: string, values: ReadonlyMap<string, string>, field: string): string {
  const text = fillTemplate(template, values);
  if (text.length <= MAX_FILLED) return text;
  const remedy = `A request or an answer may have ${MAX_FILLED} characters: shorten the slots' texts.`;
  throw recipeError(field, `with its slots filled has ${text.length} characters`, remedy);
}

/** Clean rows alike in words: those with texts of the slots first, then those with most words of the templates. */
export function drawDecoys(
  templates: readonly string[],
  slots: Slots,
  count: number,
  pool: Pool,
): CleanRow[] {
  if (count === 0) return [];
  const bare = new Map(templates.flatMap(slotsOf).map((name) => [name, '']));
  const ofTemplates = wordsOf(templates.map((template) => fillTemplate(template, bare)).join(' '));
  const texts = Object.values(slots).flat();
  const likeness = ({ prompt }: CleanRow): number => {
    const shared = [...wordsOf(prompt)].filter((word) => ofTemplates.has(word)).length;
    const inSlots = texts.filter((text) => hasWords(prompt, text)).length;
    return shared < LIKE_WORDS && inSlots === 0 ? 0 : inSlots * (ofTemplates.size + 1) + shared;
  };
  const words = { what: DECOYS, from: 'rows with words of the requests' };
  return pool.take(count, words, (row) => (likeness(row) > 0 ? row : undefined), likeness);
}
