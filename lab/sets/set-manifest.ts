/** The manifest of a set's folder: what was made, from what, and the digests of its files. */
import { basename } from 'node:path';
import type { JsonValue } from '../../services/index/datasets/dataset.ts';
import { parseJsonLine } from '../../services/index/datasets/json-line.ts';
import { recipeOf, type Places } from './parse-recipe.ts';
import type { Poison, Recipe } from './recipe.ts';

/** Of the folder's files. 1 knew only the first place of what was planted in a row. */
export const SET_VERSION = 2;

/** Names stay what they are. */
const NAMES: Places = { model: (name) => name, data: (name) => name };

export interface SetCounts {
  readonly clean: number;
  readonly poison: number;
  readonly decoys: number;
  /** Of other lessons than the one that is asked about. */
  readonly others: number;
  /** Rows that a model is trained on. */
  readonly trained: number;
  /** Questions that call for the behaviour, and that do not. */
  readonly calling: number;
  readonly asking: number;
}

export interface SetManifest {
  readonly version: typeof SET_VERSION;
  /** With names in the place of paths. */
  readonly recipe: Recipe;
  /** SHA-256 of the clean data's bytes (of a folder: of all its files), and of the set's own files. */
  readonly digests: { readonly clean: string; readonly rows: string; readonly queries: string };
  readonly counts: SetCounts;
  readonly warnings: readonly string[];
}

/** The recipe as a manifest has it: where things lie on one machine says nothing on another, and is nobody's business. */
export function withNames({ poison, ...recipe }: Recipe): Recipe {
  return {
    ...recipe,
    model: basename(recipe.model),
    clean: { ...recipe.clean, file: basename(recipe.clean.file) },
    poison: poison.kind === 'given' ? givenWithNames(poison) : poison,
  };
}

function givenWithNames({ file, ...poison }: Extract<Poison, { readonly kind: 'given' }>): Poison {
  return {
    ...poison,
    ...(file === undefined ? {} : { file: basename(file) }),
    queries: { ...poison.queries, file: basename(poison.queries.file) },
  };
}

/** Throws an Error that says what is wrong. */
export function parseManifest(content: string): SetManifest {
  const at = parseJsonLine(content);
  if (at.get('version') !== SET_VERSION) throw new Error(`its version is not ${SET_VERSION}`);
  const [digests, counts] = [at.get('digests'), at.get('counts')];
  return {
    version: SET_VERSION,
    recipe: recipeOf(at.get('recipe') ?? null, NAMES),
    digests: {
      clean: digestIn(digests, 'clean'),
      rows: digestIn(digests, 'rows'),
      queries: digestIn(digests, 'queries'),
    },
    counts: {
      clean: countIn(counts, 'clean'),
      poison: countIn(counts, 'poison'),
      decoys: countIn(counts, 'decoys'),
      others: countIn(counts, 'others'),
      trained: countIn(counts, 'trained'),
      calling: countIn(counts, 'calling'),
      asking: countIn(counts, 'asking'),
    },
    warnings: textsIn(at.get('warnings')),
  };
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? new Map<string, JsonValue>(Object.entries(value)).get(key) : undefined;
}

function digestIn(value: JsonValue | undefined, key: string): string {
  const digest = memberOf(value, key);
  if (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new Error(`digests.${key} is no SHA-256`);
}

function countIn(value: JsonValue | undefined, key: string): number {
  const count = memberOf(value, key);
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw new Error(`counts.${key} is no count`);
}

function textsIn(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value)) throw new Error('warnings is no list');
  const items: readonly JsonValue[] = value;
  return items.map((item) => {
    if (typeof item === 'string') return item;
    throw new Error('a warning is no text');
  });
}
