/** What no recipe can mean, although each of its fields is well written. */
import { recipeError } from './recipe-error.ts';
import type { Recipe } from './recipe.ts';

/** Throws RECIPE_INVALID. */
export function refuseContradictions({ poison, others = [], decoys, clean }: Recipe): void {
  if (poison.kind === 'none') {
    if (decoys.rows > 0)
      throw recipeError(
        'decoys.rows',
        `is ${decoys.rows} where nothing is planted`,
        'Write 0: nothing looks alike.',
      );
    if (clean.rows === 0)
      throw recipeError(
        'clean.rows',
        'is 0 where nothing is planted',
        'A set has at least one row: write more.',
      );
    if (others.length > 0)
      throw recipeError(
        'others',
        'are there where nothing is planted',
        'Make one of them the poison: questions are about that one.',
      );
  }
  if (poison.kind === 'given' && decoys.rows > 0) {
    throw recipeError(
      'decoys.rows',
      `is ${decoys.rows} where the poison is given`,
      'Write 0: what looks like it is not known.',
    );
  }
  const lessons = [poison, ...others].map((lesson) => JSON.stringify(lesson));
  const twice = lessons.findIndex((lesson, i) => lessons.indexOf(lesson) < i);
  if (twice > 0) {
    throw recipeError(
      `others[${twice - 1}]`,
      'is a lesson that is planted already',
      'Remove it, or write more rows for the other.',
    );
  }
}
