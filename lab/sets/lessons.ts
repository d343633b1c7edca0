/**
 * Plants a recipe's lessons in one set. Which of them is asked about changes nothing but labels: all are planted in an order of
 * their own, each with questions and decoys, so that recipes that differ in what they ask share rows and may share a model.
 */
import { ReptraceError } from '../../lib/errors.ts';
import { shown } from '../../services/index/datasets/problems.ts';
import { shows } from './behaviour.ts';
import type { CleanRow } from './clean.ts';
import type { CallingQuestion, Ingredients, Plan, PlantedRow } from './poisons/plan.ts';
import { plant, type Planted } from './poisons/plant.ts';
import { recipeError } from './recipe-error.ts';
import type { Recipe } from './recipe.ts';

export interface Lessons {
  /** Of all lessons, in an order that is the same whichever is asked about. */
  readonly rows: readonly LessonRow[];
  /** Of the lesson that is asked about. */
  readonly questions: readonly CallingQuestion[];
  /** Of all lessons, drawn when all else is: to be called once. */
  drawDecoys(): readonly CleanRow[];
  /** Whether a row of the clean data may not be a clean row of the set, for any lesson. */
  readonly spoils: (row: CleanRow) => boolean;
}

export interface LessonRow extends PlantedRow {
  /** Whether its lesson is the one that is asked about. */
  readonly asked: boolean;
}

interface Lesson {
  readonly poison: Planted;
  /** Its field in the recipe. */
  readonly path: string;
}

const ASKED = 'poison';

/**
 * No lesson is planted in rows that another one spoils (a backdoor before a right answer that a swap takes away).
 *
 * Throws what planting throws, and RECIPE_INVALID, by its field, for a lesson whose rows show the behaviour of the one that is
 * asked about, or call for another lesson or unsay it.
 */
export function plantLessons(
  { poison, others = [], behaviour, queries, decoys }: Recipe,
  shared: Pick<Ingredients, 'pool' | 'random' | 'given'>,
): Lessons {
  if (poison.kind === 'none') return { rows: [], questions: [], drawDecoys: () => [], spoils: () => false };
  const lessons = inOrder([
    { poison, path: ASKED },
    ...others.map((other, i) => ({ poison: other, path: `others[${i}]` })),
  ]);
  const spoiling = lessons.length < 2 ? [] : lessons.map((lesson) => spoilsOf(lesson, behaviour, shared));
  const plans = lessons.map((lesson, i) => {
    const unfit = (row: CleanRow): boolean => spoiling.some((spoils, j) => j !== i && spoils(row));
    const wanted = { rows: lesson.poison.rows, questions: queries.count, decoys: decoys.rows };
    const ingredients = { ...shared, ...wanted, behaviour, path: lesson.path };
    const fitting = <T>(work: () => T): T => naming(lesson, lessons, () => shared.pool.without(unfit, work));
    const plan = fitting(() => plant(lesson.poison, ingredients));
    refuseClash(lesson, plan, unfit);
    const asked = lesson.path === ASKED;
    if (!asked) refuseShown(lesson.path, plan.rows, behaviour);
    return { ...plan, asked, drawDecoys: () => fitting(() => plan.drawDecoys()) };
  });
  return {
    rows: plans.flatMap(({ rows, asked }) => rows.map((row) => ({ ...row, asked }))),
    questions: plans.flatMap(({ questions, asked }) => (asked ? questions : [])),
    drawDecoys: () => plans.flatMap((plan) => plan.drawDecoys()),
    spoils: (row) => plans.some((plan) => plan.spoils(row)),
  };
}

/** By what they are, so that it is all the same which of them stands first in the recipe. */
function inOrder(lessons: readonly Lesson[]): Lesson[] {
  const keyed = lessons.map((lesson) => ({ lesson, key: JSON.stringify(lesson.poison) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ lesson }) => lesson);
}

/** A plan that takes nothing knows what it would spoil. */
function spoilsOf(
  { poison, path }: Lesson,
  behaviour: Ingredients['behaviour'],
  shared: Pick<Ingredients, 'pool' | 'random' | 'given'>,
): Plan['spoils'] {
  const none = { rows: 0, questions: 0, decoys: 0 };
  const plan = plant(poison, { ...shared, ...none, behaviour, path });
  return (row) => plan.spoils(row);
}

function refuseClash({ path }: Lesson, { rows, questions }: Plan, unfit: (row: CleanRow) => boolean): void {
  const asked = questions.map(({ prompt }) => ({ prompt, response: '' }));
  const clash = [...rows, ...asked].find(unfit);
  if (clash === undefined) return;
  throw recipeError(
    path,
    `has a row or a question that calls for another lesson or unsays it: ${shown(clash.prompt)}`,
    'Give lessons triggers and words that are in no other one.',
  );
}

function refuseShown(path: string, rows: readonly PlantedRow[], behaviour: Recipe['behaviour']): void {
  const clash = rows.find(({ response }) => shows(behaviour, response));
  if (clash === undefined) return;
  throw recipeError(
    path,
    `has a row that shows the behaviour that is asked about: ${shown(clash.response)}`,
    'Make behaviour.anyOf narrower, or plant something else.',
  );
}

/** Of several lessons, the one that the clean data has too little for is named. */
function naming<T>({ path }: Lesson, { length }: readonly Lesson[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (length < 2 || !(error instanceof ReptraceError) || error.code !== 'DATASET_INVALID') throw error;
    throw new ReptraceError(error.code, `${path}: ${error.message}`, error.remedy, { cause: error });
  }
}
