/** What clients ask to be built, checked before anything is opened. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelRef } from '../../../lib/mesh/compute-messages.ts';
import { LEAST_WINDOW, MOST_WINDOW } from '../datasets/text-windows.ts';
import type { BuildRequest } from '../runs/index-record.ts';
import { isId } from '../runs/index-records.ts';
import type { BuildIndexInput, Turns } from '../schema.generated.ts';

const MAX_NAME = 100;
const MAX_PATH = 4096;
const MAX_COLUMN = 1000;
const MAX_LAYERS = 64;
/** Control and format characters, lone surrogates, line and paragraph ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

const TURNS = { LAST: 'last', ALL: 'all' } as const satisfies Record<Turns, string>;

/** Throws INPUT_INVALID. */
export function buildRequest(input: BuildIndexInput): BuildRequest {
  const { columns } = input;
  return {
    name: checkedName(input.name),
    model: checkedPath('model', input.model),
    adapter: input.adapter == null ? null : checkedPath('adapter', input.adapter),
    ...checkedBase(input),
    dataset: checkedPath('dataset', input.dataset),
    layers: parseLayers(input.layers ?? 'auto'),
    maxTokens: input.maxTokens == null ? null : checkedMaxTokens(input.maxTokens),
    onBadRow: input.onBadRow ?? 'SKIP',
    columns: {
      ...column('prompt', columns?.prompt),
      ...column('response', columns?.response),
      ...column('messages', columns?.messages),
      ...column('text', columns?.text),
      ...column('label', columns?.label),
      ...(input.turns == null ? {} : { turns: TURNS[input.turns] }),
      ...(input.textWindow == null ? {} : { textWindow: checkedWindow(input.textWindow) }),
    },
  };
}

/** The model before the fine-tuning that a request means; null: none. */
export function baseOf({ model, adapter, base, withoutBase }: BuildRequest): ModelRef | null {
  if (withoutBase) return null;
  if (base !== null) return { path: base };
  return adapter === null ? null : { path: model };
}

function checkedBase({ base, withoutBase }: BuildIndexInput): Pick<BuildRequest, 'base' | 'withoutBase'> {
  if (base == null) return { base: null, withoutBase: withoutBase === true };
  if (withoutBase !== true) return { base: checkedPath('base', base), withoutBase: false };
  throw invalid(
    `the base ${shown(base)} is given, and withoutBase too`,
    'Name a base model, or ask for none: not both.',
  );
}

function checkedName(name: string): string {
  const { length } = Array.from(name);
  if (length < 1 || length > MAX_NAME || UNPRINTABLE.test(name) || name.trim() !== name) {
    throw invalid(
      `the name ${shown(name)} is not one`,
      `Give it 1 to ${MAX_NAME} printable characters, with no spaces around them.`,
    );
  }
  if (isId(name)) {
    throw invalid(`the name ${shown(name)} looks like an index's id`, 'Choose another name.');
  }
  return name;
}

function checkedPath(what: string, path: string): string {
  if (path !== '' && path.length <= MAX_PATH && !path.includes('\0')) return path;
  throw invalid(`${shown(path)} is no path of a ${what}`, `Give 1 to ${MAX_PATH} characters.`);
}

function checkedMaxTokens(maxTokens: number): number {
  // One token of the response must be left, after at least one before it.
  if (Number.isInteger(maxTokens) && maxTokens >= 2) return maxTokens;
  throw invalid(`maxTokens is ${maxTokens}`, 'Give a whole number of at least 2, or leave it out.');
}

function checkedWindow(characters: number): number {
  if (characters >= LEAST_WINDOW && characters <= MOST_WINDOW) return characters;
  throw invalid(
    `the text window is ${characters} characters`,
    `Give ${LEAST_WINDOW} to ${MOST_WINDOW} characters, or leave it out.`,
  );
}

/** Ascending. Throws INPUT_INVALID. */
export function parseLayers(text: string): 'auto' | readonly number[] {
  const trimmed = text.trim();
  if (trimmed === 'auto') return 'auto';
  const parts = trimmed.split(',').map((part) => part.trim());
  const layers = parts.map(Number);
  const whole = parts.every((part) => /^\d{1,6}$/.test(part));
  if (!whole || layers.length > MAX_LAYERS || new Set(layers).size !== layers.length) {
    throw invalid(
      `layers ${shown(text)} cannot be read`,
      `Give "auto", or 1 to ${MAX_LAYERS} different layers with commas, such as "4" or "4,8".`,
    );
  }
  return layers.sort((a, b) => a - b);
}

function column<Key extends string>(key: Key, name: string | null | undefined): Partial<Record<Key, string>> {
  if (name == null) return {};
  if (name === '' || name.length > MAX_COLUMN) {
    throw invalid(`${shown(name)} is no name of a column`, `Give 1 to ${MAX_COLUMN} characters.`);
  }
  return { [key]: name } as Record<Key, string>;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
