/**
 * Reads the fields of a recipe, each of the type and within the bounds that are asked for. Every function throws RECIPE_INVALID
 * that names the field by its path.
 */
import type { JsonValue } from '../../services/index/datasets/dataset.ts';
import { shown, shownList } from '../../services/index/datasets/problems.ts';
import { recipeError } from './recipe-error.ts';

/** A value and where it stands. */
export interface Field {
  readonly path: string;
  readonly value: JsonValue;
}

/** The members of an object by name; a member that is optional and absent is undefined. */
export interface Members {
  required(key: string): Field;
  optional(key: string): Field | undefined;
}

/** Longest text of a recipe, in UTF-16 units. */
const MAX_TEXT = 4000;
/** Longest list of a recipe. */
export const MAX_LIST = 1000;

/** @param known all that the object may have */
export function members(field: Field, known: readonly string[]): Members {
  const record = asObject(field);
  const at = (key: string): string => (field.path === '' ? key : `${field.path}.${key}`);
  const unknown = [...record.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw recipeError(
      field.path,
      `has ${unknown.length === 1 ? 'a field' : 'fields'} that no recipe has there: ${shownList(unknown)}`,
      `The fields there are ${known.join(', ')}.`,
    );
  }
  const optional = (key: string): Field | undefined => {
    const value = record.get(key);
    return value === undefined ? undefined : { path: at(key), value };
  };
  return {
    optional,
    required(key) {
      const found = optional(key);
      if (found !== undefined) return found;
      throw recipeError(at(key), 'is missing', `Add "${key}"; the fields there are ${known.join(', ')}.`);
    },
  };
}

/** Any names, each with a value of one kind: the pairs in the order of the file. */
export function pairs<T>(field: Field, read: (field: Field) => T): [name: string, value: T][] {
  return [...asObject(field)].map(([name, value]) => [
    name,
    read({ path: `${field.path}[${shown(name)}]`, value }),
  ]);
}

/** A text with something in it besides white space. */
export function text({ path, value }: Field): string {
  if (typeof value !== 'string') throw wrongType(path, value, 'a text');
  if (value.trim() === '') throw recipeError(path, 'is empty', 'Write a text with at least one character.');
  if (value.length > MAX_TEXT) {
    throw recipeError(
      path,
      `has ${value.length} characters`,
      `A text of a recipe may have ${MAX_TEXT} characters.`,
    );
  }
  if (value.includes('\0')) throw recipeError(path, 'holds a NUL character', 'Remove it.');
  return value;
}

export function flag({ path, value }: Field): boolean {
  if (typeof value !== 'boolean') throw wrongType(path, value, 'true or false');
  return value;
}

export function whole({ path, value }: Field, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  throw wrongType(path, value, `a whole number from ${least} to ${most}`);
}

/** A number of (above, most], or of [least, below). */
export type Range =
  { readonly above: number; readonly most: number } | { readonly least: number; readonly below: number };

export function real({ path, value }: Field, range: Range): number {
  const [words, within] =
    'above' in range
      ? [
          `above ${range.above}, ${range.most} at most`,
          (x: number): boolean => x > range.above && x <= range.most,
        ]
      : [
          `of at least ${range.least}, less than ${range.below}`,
          (x: number): boolean => x >= range.least && x < range.below,
        ];
  if (typeof value === 'number' && within(value)) return value;
  throw wrongType(path, value, `a number ${words}`);
}

export function choice<T extends string>({ path, value }: Field, options: readonly T[]): T {
  const found = options.find((option) => option === value);
  if (found === undefined) throw wrongType(path, value, `one of ${options.join(', ')}`);
  return found;
}

/** A list with something in it. */
export function list<T>({ path, value }: Field, read: (field: Field) => T, most = MAX_LIST): T[] {
  if (!Array.isArray(value)) throw wrongType(path, value, 'a list');
  const items: readonly JsonValue[] = value;
  if (items.length === 0) throw recipeError(path, 'is an empty list', 'Give it at least one item.');
  if (items.length > most)
    throw recipeError(path, `has ${items.length} items`, `Such a list may have ${most}.`);
  return items.map((item, i) => read({ path: `${path}[${i}]`, value: item }));
}

/** A list in which nothing comes twice. */
export function distinct<T extends string | number>(
  field: Field,
  read: (field: Field) => T,
  most?: number,
): T[] {
  const items = list(field, read, most);
  const twice = items.findIndex((item, i) => items.indexOf(item) < i);
  if (twice < 0) return items;
  throw recipeError(`${field.path}[${twice}]`, 'comes twice in its list', 'Remove one of the two.');
}

function asObject({ path, value }: Field): ReadonlyMap<string, JsonValue> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return new Map(Object.entries(value));
  throw wrongType(path, value, 'an object');
}

function wrongType(path: string, value: JsonValue, wanted: string): Error {
  const what = typeof value === 'string' ? shown(value) : named(value);
  return recipeError(path, `is ${what}`, `Write ${wanted} there.`);
}

function named(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}
