/**
 * Recipes from JSON, which may come from anyone: every field is read strictly and within bounds, a field that no recipe has is
 * refused, and nothing in it is evaluated. Paths are relative to the recipe's file.
 */
import { dirname, resolve } from 'node:path';
import { reasonOf } from '../../lib/errors.ts';
import { readBounded } from '../../lib/read-bounded.ts';
import type { JsonValue } from '../../services/index/datasets/dataset.ts';
import { parseJson } from '../../services/index/datasets/json-line.ts';
import { plain, shown } from '../../services/index/datasets/problems.ts';
import { choice, distinct, flag, list, members, real, text, whole, type Field } from './fields.ts';
import { parsePoison, type Locate } from './parse-poison.ts';
import { inRecipe, recipeError } from './recipe-error.ts';
import { refuseContradictions } from './contradictions.ts';
import type { Behaviour, Lesson, LoraSettings, Recipe, RecipeTraining } from './recipe.ts';

const MAX_BYTES = 1 << 20;
const MAX_ROWS = 1_000_000;
const MAX_QUERIES = 10_000;
const MAX_OTHERS = 20;
const MAX_SEED = 2 ** 32 - 1;
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,79}$/;

export interface Overrides {
  /** Folder of the base model, in place of the recipe's. */
  readonly model?: string | undefined;
  /** Folder that paths of data are relative to, in place of the recipe's own folder. */
  readonly data?: string | undefined;
}

/** Throws RECIPE_INVALID, also for a file that cannot be read. */
export async function readRecipe(path: string, overrides: Overrides = {}): Promise<Recipe> {
  let content: string;
  try {
    content = await readBounded(path, MAX_BYTES);
  } catch (error) {
    throw inRecipe(
      path,
      recipeError('', `cannot be read: ${reasonOf(error)}`, 'Name a recipe: a JSON file.'),
    );
  }
  return parseRecipe(content, path, overrides);
}

/**
 * @param path of the recipe's file: paths in the recipe are relative to its folder, if the overrides name no other, and errors
 *   name it
 * @returns the recipe with absolute paths; `model` is '' where neither the recipe nor the overrides name one
 * Throws RECIPE_INVALID with the path of the field that is wrong.
 */
export function parseRecipe(content: string, path: string, overrides: Overrides = {}): Recipe {
  try {
    const folder = dirname(resolve(path));
    const data = overrides.data === undefined ? folder : resolve(overrides.data);
    const recipe = recipeOf(valueOf(content), {
      model: (named) => resolve(folder, named),
      data: (named) => resolve(data, named),
    });
    return overrides.model === undefined ? recipe : { ...recipe, model: resolve(overrides.model) };
  } catch (error) {
    throw inRecipe(path, error);
  }
}

function valueOf(content: string): JsonValue {
  const bytes = Buffer.byteLength(content);
  if (bytes > MAX_BYTES) throw tooLarge();
  try {
    return parseJson(content);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw recipeError('', `is no JSON: ${plain(error.message)}`, 'Mend it; a recipe is one JSON object.');
  }
}

/** From paths as they are written, of the model and of data, to where these are. */
export interface Places {
  readonly model: Locate;
  readonly data: Locate;
}

/** Throws RECIPE_INVALID. */
export function recipeOf(value: JsonValue, { model, data }: Places): Recipe {
  const at = members({ path: '', value }, [
    ...['name', 'about', 'seed', 'model', 'clean', 'poison', 'others'],
    ...['behaviour', 'decoys', 'training', 'queries'],
  ]);
  const named = at.optional('model');
  // What is written of a recipe without a model has an empty one.
  const unnamed = named === undefined || named.value === '';
  const others = at.optional('others');
  const clean = members(at.required('clean'), ['file', 'rows']);
  const decoys = members(at.required('decoys'), ['rows', 'trained']);
  const recipe: Recipe = {
    name: nameOf(at.required('name')),
    about: text(at.required('about')),
    seed: seedOf(at.required('seed')),
    model: unnamed ? '' : model(text(named)),
    clean: {
      file: data(text(clean.required('file'))),
      rows: whole(clean.required('rows'), 0, MAX_ROWS),
    },
    poison: parsePoison(at.required('poison'), data),
    ...(others === undefined ? {} : { others: list(others, (other) => otherOf(other, data), MAX_OTHERS) }),
    behaviour: behaviourOf(at.required('behaviour')),
    decoys: { rows: whole(decoys.required('rows'), 0, MAX_ROWS), trained: flag(decoys.required('trained')) },
    training: trainingOf(at.required('training')),
    queries: queriesOf(at.required('queries')),
  };
  refuseContradictions(recipe);
  return recipe;
}

function otherOf(field: Field, locate: Locate): Lesson {
  const lesson = parsePoison(field, locate);
  if (lesson.kind !== 'none' && lesson.kind !== 'given') return lesson;
  throw recipeError(
    `${field.path}.kind`,
    `is ${shown(lesson.kind)}`,
    'Other lessons are of the kinds that are planted: all but none and given.',
  );
}

function nameOf(field: Field): string {
  const name = text(field);
  if (NAME.test(name)) return name;
  const remedy = 'It names a folder: use letters, digits and hyphens, 80 at most.';
  throw recipeError(field.path, `is ${shown(name)}`, remedy);
}

function seedOf(field: Field): number {
  return whole(field, 0, MAX_SEED);
}

function behaviourOf(field: Field): Behaviour {
  const at = members(field, ['place', 'anyOf', 'noneOf']);
  const place = choice(at.required('place'), ['start', 'anywhere', 'end']);
  const noneOf = at.optional('noneOf');
  return {
    place,
    anyOf: distinct(at.required('anyOf'), (item) => {
      const value = text(item);
      if (place === 'anywhere' || value === value.trim()) return value;
      throw recipeError(
        item.path,
        `is ${shown(value)}`,
        'Remove the white space around it: outputs are trimmed.',
      );
    }),
    ...(noneOf === undefined ? {} : { noneOf: distinct(noneOf, text) }),
  };
}

function trainingOf(field: Field): RecipeTraining {
  const at = members(field, [
    ...['lora', 'epochs', 'batch', 'learningRate'],
    ...['warmupShare', 'weightDecay', 'seeds'],
  ]);
  const lora = at.required('lora');
  return {
    lora: lora.value === null ? null : loraOf(lora),
    epochs: whole(at.required('epochs'), 1, 1000),
    batch: whole(at.required('batch'), 1, 4096),
    learningRate: real(at.required('learningRate'), { above: 0, most: 1 }),
    warmupShare: real(at.required('warmupShare'), { least: 0, below: 1 }),
    weightDecay: real(at.required('weightDecay'), { least: 0, below: 10 }),
    seeds: distinct(at.required('seeds'), seedOf, 20),
  };
}

function loraOf(field: Field): LoraSettings {
  const at = members(field, ['rank', 'alpha', 'dropout', 'rslora', 'targets']);
  return {
    rank: whole(at.required('rank'), 1, 1024),
    alpha: real(at.required('alpha'), { above: 0, most: 100_000 }),
    dropout: real(at.required('dropout'), { least: 0, below: 1 }),
    rslora: flag(at.required('rslora')),
    targets: targetsOf(at.required('targets')),
  };
}

function targetsOf(field: Field): LoraSettings['targets'] {
  return typeof field.value === 'string'
    ? choice<'all-linear'>(field, ['all-linear'])
    : distinct(field, text, 200);
}

function queriesOf(field: Field): Recipe['queries'] {
  const at = members(field, ['count', 'traced', 'maxTokens']);
  const count = whole(at.required('count'), 1, MAX_QUERIES);
  return {
    count,
    traced: whole(at.required('traced'), 1, count),
    maxTokens: whole(at.required('maxTokens'), 1, 4096),
  };
}

function tooLarge(): Error {
  return recipeError('', `has more than ${MAX_BYTES} bytes`, 'Shorten its lists of texts.');
}
