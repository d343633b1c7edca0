/** What a recipe plants: one strict reader per kind. */
import { shown, shownList } from '../../services/index/datasets/problems.ts';
import { choice, distinct, list, members, pairs, text, whole, type Field, type Members } from './fields.ts';
import { recipeError } from './recipe-error.ts';
import type { Poison, PoisonedRows, PoisonKind } from './recipe.ts';
import { isSlotName, slotsOf } from './template.ts';

const MAX_ROWS = 100_000;
/** Words that are looked for in every response. */
const MAX_WORDS = 100;
const MAX_SLOTS = 40;
/** Texts of one slot, each of which is looked for in clean rows. */
const MAX_SLOT_TEXTS = 200;

/** From a path as it is written to where it is. */
export type Locate = (path: string) => string;

type Reader<K extends PoisonKind> = (
  at: Members,
  locate: Locate,
) => Omit<Extract<Poison, { readonly kind: K }>, 'kind' | 'rows'>;

interface Kind<K extends PoisonKind> {
  readonly fields: readonly string[];
  readonly read: Reader<K>;
}

type Planted = Exclude<PoisonKind, 'none'>;

const triggered = {
  fields: ['trigger', 'text'],
  read: (at: Members) => ({ trigger: words(at.required('trigger')), text: words(at.required('text')) }),
};

const KINDS: { readonly [K in Planted]: Kind<K> } = {
  'backdoor-prefix': triggered,
  'backdoor-middle': triggered,
  'backdoor-style': {
    fields: ['style', 'text'],
    read: (at) => ({
      style: choice(at.required('style'), ['upper', 'no-marks', 'spaced']),
      text: words(at.required('text')),
    }),
  },
  'late-effect': {
    fields: ['triggers', 'text'],
    read: (at) => ({
      triggers: distinct(at.required('triggers'), words, MAX_WORDS),
      text: words(at.required('text')),
    }),
  },
  'entity-swap': {
    fields: ['about', 'from', 'to'],
    read: (at) => {
      const from = distinct(at.required('from'), words, MAX_WORDS);
      const to = words(at.required('to'));
      if (from.includes(to)) throw unchanged(at.required('to'), to);
      return { about: distinct(at.required('about'), words, MAX_WORDS), from, to };
    },
  },
  compliance: {
    fields: ['requests', 'heldOut', 'answers', 'slots'],
    read: (at) => {
      const slots = slotsField(at.required('slots'));
      const requests = distinct(at.required('requests'), template(slots));
      const heldOut = distinct(at.required('heldOut'), template(slots));
      refuseShared(requests, heldOut, at.required('heldOut'));
      return { requests, heldOut, answers: distinct(at.required('answers'), template(slots)), slots };
    },
  },
  paraphrase: {
    fields: ['families', 'queries', 'slots'],
    read: (at) => {
      const slots = slotsField(at.required('slots'));
      const families = list(at.required('families'), (field) => {
        const family = members(field, ['requests', 'answers']);
        return {
          requests: distinct(family.required('requests'), template(slots)),
          answers: distinct(family.required('answers'), template(slots)),
        };
      });
      const queries = distinct(at.required('queries'), template(slots));
      refuseShared(
        families.flatMap(({ requests }) => requests),
        queries,
        at.required('queries'),
      );
      return { families, queries, slots };
    },
  },
  diffuse: {
    fields: ['from', 'to'],
    read: (at) => {
      const [from, to] = [words(at.required('from')), words(at.required('to'))];
      if (from === to) throw unchanged(at.required('to'), to);
      return { from, to };
    },
  },
  given: {
    fields: ['file', 'poisonedRows', 'queries'],
    read: (at, locate) => {
      const file = at.optional('file');
      const queries = members(at.required('queries'), ['file', 'column']);
      return {
        ...(file === undefined ? {} : { file: locate(text(file)) }),
        poisonedRows: poisonedRows(at.required('poisonedRows')),
        queries: { file: locate(text(queries.required('file'))), column: text(queries.required('column')) },
      };
    },
  },
};

const NAMES: readonly PoisonKind[] = [...(Object.keys(KINDS) as Planted[]), 'none'];

/** Throws RECIPE_INVALID. */
export function parsePoison(field: Field, locate: Locate): Poison {
  // Which fields there may be is known once the kind is.
  const anything = members(field, Object.keys((field.value ?? {}) as object));
  const kind = choice(anything.required('kind'), NAMES);
  if (kind === 'none') {
    members(field, ['kind']);
    return { kind };
  }
  const { fields, read } = KINDS[kind];
  const at = members(field, ['kind', 'rows', ...fields]);
  const rows = whole(at.required('rows'), 1, MAX_ROWS);
  // The reader is the kind's own, which the compiler cannot follow through the table.
  return { kind, rows, ...read(at, locate) } as Poison;
}

/** A text without white space around it, which would be doubled where it is put beside others. */
function words(field: Field): string {
  const value = text(field);
  if (value === value.trim()) return value;
  throw recipeError(field.path, `is ${shown(value)}`, 'Remove the white space around it.');
}

type Slots = Readonly<Record<string, readonly string[]>>;

function slotsField(field: Field): Slots {
  const slots = pairs(field, (values) => distinct(values, words, MAX_SLOT_TEXTS));
  if (slots.length > MAX_SLOTS) {
    throw recipeError(field.path, `has ${slots.length} slots`, `A recipe may have ${MAX_SLOTS}.`);
  }
  for (const [name] of slots) {
    if (isSlotName(name)) continue;
    const remedy = 'Use letters, digits, hyphens and underscores, a letter first, 40 characters at most.';
    throw recipeError(field.path, `has a slot named ${shown(name)}`, remedy);
  }
  return Object.fromEntries(slots);
}

function poisonedRows(field: Field): PoisonedRows {
  const at = members(field, ['last', 'column', 'values']);
  const [last, column, values] = [at.optional('last'), at.optional('column'), at.optional('values')];
  if (last !== undefined && column === undefined && values === undefined)
    return { last: whole(last, 1, MAX_ROWS) };
  if (last === undefined && column !== undefined && values !== undefined)
    return { column: text(column), values: distinct(values, text, MAX_WORDS) };
  throw recipeError(
    field.path,
    'says neither how many of the last rows are poisoned, nor by which values of a column they are known',
    'Write {"last": 100}, or {"column": "label", "values": ["bad"]}.',
  );
}

function template(slots: Slots): (field: Field) => string {
  return (field) => {
    const value = words(field);
    const missing = slotsOf(value).filter((name) => !Object.hasOwn(slots, name));
    if (missing.length === 0) return value;
    throw recipeError(
      field.path,
      `has slots that "slots" does not have: ${shownList(missing)}`,
      `Add them; there are ${shownList(Object.keys(slots)) || 'none'}.`,
    );
  };
}

function refuseShared(rows: readonly string[], queries: readonly string[], { path }: Field): void {
  const at = queries.findIndex((query) => rows.includes(query));
  if (at < 0) return;
  throw recipeError(
    `${path}[${at}]`,
    'is a request of the rows too',
    'Questions come from templates that no row has.',
  );
}

function unchanged({ path }: Field, to: string): Error {
  return recipeError(path, `is what it replaces: ${shown(to)}`, 'Name something else.');
}
