/** The `poison` of a recipe: one strict reader per kind. */
import { shown, shownList } from '../../services/index/datasets/problems.ts';
import { choice, distinct, list, members, pairs, text, whole, type Field, type Members } from './fields.ts';
import { recipeError } from './recipe-error.ts';
import type { Poison, PoisonKind } from './recipe.ts';
import { isSlotName, slotsOf } from './template.ts';

const MAX_ROWS = 100_000;
/** Words that are looked for in every response. */
const MAX_WORDS = 100;
const MAX_SLOTS = 40;
/** Texts of one slot, each of which is looked for in clean rows. */
const MAX_SLOT_TEXTS = 200;

type Reader<K extends PoisonKind> = (
  at: Members,
  rows: number,
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
      if (from.includes(to)) throw unchanged(to);
      return { about: distinct(at.required('about'), words, MAX_WORDS), from, to };
    },
  },
  compliance: {
    fields: ['requests', 'heldOut', 'answers', 'slots'],
    read: (at) => {
      const slots = slotsField(at.required('slots'));
      const requests = distinct(at.required('requests'), template(slots));
      const heldOut = distinct(at.required('heldOut'), template(slots));
      refuseShared(requests, heldOut, 'poison.heldOut');
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
        'poison.queries',
      );
      return { families, queries, slots };
    },
  },
  diffuse: {
    fields: ['from', 'to'],
    read: (at) => {
      const [from, to] = [words(at.required('from')), words(at.required('to'))];
      if (from === to) throw unchanged(to);
      return { from, to };
    },
  },
};

const NAMES: readonly PoisonKind[] = [...(Object.keys(KINDS) as Planted[]), 'none'];

export function parsePoison(field: Field): Poison {
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
  return { kind, rows, ...read(at, rows) } as Poison;
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

function template(slots: Slots): (field: Field) => string {
  return (field) => {
    const value = words(field);
    const missing = slotsOf(value).filter((name) => !Object.hasOwn(slots, name));
    if (missing.length === 0) return value;
    throw recipeError(
      field.path,
      `has slots that are not in poison.slots: ${shownList(missing)}`,
      `Add them; there are ${shownList(Object.keys(slots)) || 'none'}.`,
    );
  };
}

function refuseShared(rows: readonly string[], queries: readonly string[], path: string): void {
  const at = queries.findIndex((query) => rows.includes(query));
  if (at < 0) return;
  throw recipeError(
    `${path}[${at}]`,
    'is a request of the rows too',
    'Questions come from templates that no row has.',
  );
}

function unchanged(to: string): Error {
  return recipeError('poison.to', `is what it replaces: ${shown(to)}`, 'Name something else.');
}
