/**
 * From a recipe and clean data to an evaluation set: planted rows, decoys that look like them, clean rows, and questions that are in
 * no row. A pure function: the same recipe and data give the same set on every machine.
 */
import { Random } from '../../lib/random.ts';
import { shown } from '../../services/index/datasets/problems.ts';
import { shows } from './behaviour.ts';
import type { CleanRow } from './clean.ts';
import { NOTHING_GIVEN, type Given } from './data.ts';
import { plantLessons } from './lessons.ts';
import type { PlantedRow } from './poisons/plan.ts';
import { Pool } from './pool.ts';
import { inRecipe, recipeError } from './recipe-error.ts';
import type { Behaviour, Recipe } from './recipe.ts';
import type { EvalSet, SetQuery, SetRow } from './set.ts';

export interface MadeSet extends EvalSet {
  /** What its maker should know, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Of the clean data, rows with a prompt that came before and rows that show the behaviour by themselves are left out, so every
 * row that shows it is a planted one. Questions: those that call for the behaviour, then the clean ones. Decoys are drawn last: the
 * other rows and all questions are those of the same recipe without decoys.
 *
 * Throws DATASET_INVALID where the clean data has too few rows of a kind that is wanted (how many it has and how many are
 * wanted), RECIPE_INVALID where templates give too few, a planted row does not show the behaviour, or lessons clash. Rows that
 * are given as poisoned and do not show it are left out.
 *
 * @param given poisoned rows and questions of the data itself, for poison of that kind
 */
export function makeSet(recipe: Recipe, clean: readonly CleanRow[], given: Given = NOTHING_GIVEN): MadeSet {
  try {
    return made(recipe, clean, given);
  } catch (error) {
    throw inRecipe(`recipe ${recipe.name}`, error);
  }
}

function made(recipe: Recipe, clean: readonly CleanRow[], given: Given): MadeSet {
  const { poison, behaviour, queries } = recipe;
  const random = new Random(recipe.seed);
  const usable = poison.kind === 'none' ? clean : clean.filter(({ response }) => !shows(behaviour, response));
  const pool = new Pool(random.shuffle(distinctPrompts(usable)));
  const plan = plantLessons(recipe, { pool, random, given });
  refuseUnshown(
    plan.rows.filter(({ asked }) => asked),
    behaviour,
  );
  const ordinary = (row: CleanRow): CleanRow | undefined => (plan.spoils(row) ? undefined : row);
  const asked = pool.take(queries.count, { what: 'clean questions', from: 'rows' }, ordinary);
  const rest = pool.take(recipe.clean.rows, { what: 'clean rows', from: 'rows' }, ordinary);
  const decoys = plan.drawDecoys();
  const bare = { group: '', spans: [] };
  const rows: SetRow[] = [
    ...plan.rows.map(({ prompt, response, group, spans, asked }) => ({
      ...{ prompt, response, group, trained: true },
      ...(asked ? { label: 'poison' as const, spans } : { label: 'other' as const, spans: [] }),
    })),
    ...decoys.map((row) => ({
      ...row,
      ...bare,
      label: 'decoy' as const,
      trained: recipe.decoys.trained,
    })),
    ...rest.map((row) => ({ ...row, ...bare, label: 'clean' as const, trained: true })),
  ];
  const questions: SetQuery[] = [
    ...plan.questions.map(({ prompt, group }) => ({ prompt, calls: true, group })),
    ...asked.map(({ prompt }) => ({ prompt, calls: false, group: '' })),
  ];
  return {
    rows: random.shuffle(rows),
    queries: questions,
    behaviour,
    warnings: warningsOf(
      rows,
      clean.length - usable.length,
      given.rows.filter(({ response }) => !shows(behaviour, response)).length,
    ),
  };
}

function distinctPrompts(rows: readonly CleanRow[]): CleanRow[] {
  return [...new Map(rows.toReversed().map((row) => [row.prompt, row])).values()].reverse();
}

function refuseUnshown(rows: readonly PlantedRow[], behaviour: Behaviour): void {
  const unshown = rows.find(({ response, spans }) => spans.length === 0 || !shows(behaviour, response));
  if (unshown === undefined) return;
  throw recipeError(
    'behaviour',
    `is not shown by a planted row: ${shown(unshown.response)}`,
    'Name in behaviour.anyOf what the poison puts into responses, and the place where it puts it.',
  );
}

function warningsOf(rows: readonly SetRow[], leftOut: number, unshown: number): string[] {
  const warnings: string[] = [];
  if (rows.every(({ label }) => label === 'poison'))
    warnings.push('nothing but poison: there is nothing to rank it against, so it cannot be evaluated');
  if (rows.every(({ label }) => label !== 'poison'))
    warnings.push('no poison: nothing is to be found, so only verdicts can be evaluated');
  if (leftOut > 0)
    warnings.push(`rows of the clean data that show the behaviour by themselves, left out: ${leftOut}`);
  if (unshown > 0)
    warnings.push(`poisoned rows of the data that do not show the behaviour, left out: ${unshown}`);
  return warnings;
}
