/** Small readers for the fields of an untrusted tokenizer.json, and the error that they share. */
import { ReptraceError } from '../../../../lib/errors.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

const MAX_STEPS = 32;
const MAX_DEPTH = 4;
const MAX_CONTENT_LENGTH = 64;

export function tokenizerInvalid(what: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_INVALID',
    `tokenizer.json cannot be used: ${what}.`,
    'Compare the file with the one that the model was published with, and restore it.',
    { cause },
  );
}

export function refuse(what: string): never {
  throw tokenizerInvalid(what);
}

/** A record without prototype, so that no lookup finds what the file does not hold. */
export function asRecord(value: unknown, name: string): JsonRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`${name} is not an object`);
  }
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}

/** A value from the file, short enough for a message. */
export function show(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? 'absent';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

export function flagAt(record: JsonRecord, key: string, fallback = false): boolean {
  const value = record[key] ?? fallback;
  return typeof value === 'boolean' ? value : refuse(`${key} is ${show(value)}, not true or false`);
}

export function wholeAt(record: JsonRecord, key: string, fallback: number, most: number): number {
  const value = record[key] ?? fallback;
  const valid = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
  return valid ? value : refuse(`${key} is ${show(value)}, not a whole number up to ${most}`);
}

/** A short text, such as a step inserts or removes. */
export function textAt(record: JsonRecord, key: string, shortest = 1): string {
  const value = record[key];
  if (typeof value === 'string' && value.length >= shortest && value.length <= MAX_CONTENT_LENGTH)
    return value;
  return refuse(`${key} ${show(value)} is not a text of ${shortest} to ${MAX_CONTENT_LENGTH} characters`);
}

export function characterAt(record: JsonRecord, key: string, fallback?: string): string {
  const value = record[key] ?? fallback;
  return typeof value === 'string' && Array.from(value).length === 1
    ? value
    : refuse(`${key} ${show(value)} is not one character`);
}

export function typeOf(record: JsonRecord, what: string): string {
  const type = record['type'];
  return typeof type === 'string' ? type : refuse(`a ${what} has no type`);
}

export function unknownStep(what: string, type: string): never {
  return refuse(`the ${what} ${show(type)} is not implemented`);
}

/** The steps of a Sequence, each read by `read`. */
export function stepsOf<T>(
  sequence: JsonRecord,
  key: string,
  depth: number,
  read: (node: unknown, depth: number) => T,
): T[] {
  if (depth >= MAX_DEPTH) refuse(`more than ${MAX_DEPTH} steps are nested`);
  return listAt(sequence, key).map((node) => read(node, depth + 1));
}

export function listAt(record: JsonRecord, key: string): unknown[] {
  const list: unknown = record[key];
  if (!Array.isArray(list) || list.length > MAX_STEPS)
    return refuse(`${key} is not a list of at most ${MAX_STEPS}`);
  return list;
}

/** Whether, and how, a Metaspace step puts a space before a text. */
export function prependScheme(step: JsonRecord): 'always' | 'first' | 'never' {
  // Before prepend_scheme there was add_prefix_space, true by default.
  const scheme = step['prepend_scheme'] ?? (flagAt(step, 'add_prefix_space', true) ? 'always' : 'never');
  if (scheme === 'always' || scheme === 'first' || scheme === 'never') return scheme;
  return refuse(`prepend_scheme ${show(scheme)} is not known`);
}
