/** The one error of recipes: it names the field, what is wrong with it, and what to write in its place. */
import { ReptraceError } from '../../lib/errors.ts';

/** @param path of the field, such as `poison.answers[2]`; '' for the recipe as a whole */
export function recipeError(path: string, wrong: string, remedy: string): ReptraceError {
  return new ReptraceError('RECIPE_INVALID', `${path === '' ? 'the recipe' : path} ${wrong}`, remedy);
}

/** The same error with what the recipe is called before it: its file, or its name. */
export function inRecipe(recipe: string, error: unknown): unknown {
  if (!(error instanceof ReptraceError) || error.code !== 'RECIPE_INVALID') return error;
  return new ReptraceError(error.code, `${recipe}: ${error.message}`, error.remedy, { cause: error });
}
