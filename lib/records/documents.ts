/** What both stores of records agree on: which names are good, and how a value becomes text and a value again. */
import { ReptraceError, reasonOf } from '../errors.ts';
import { MAX_VALUE_BYTES } from './records.ts';

/** Whether it may be the name of a collection or a key. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,200}$/.test(text);
}

/** Throws INPUT_INVALID for a collection or key that no store takes. */
export function checkName(kind: 'collection' | 'key', name: string): void {
  if (isName(name)) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `${JSON.stringify(name.slice(0, 80))} cannot be the ${kind} of a record`,
    'Use 1 to 200 of the characters A-Z, a-z, 0-9, _ and -.',
  );
}

/** How messages name a record. */
export function recordName(collection: string, key: string): string {
  return `record ${collection}/${key}`;
}

/** The JSON of a value. Throws INPUT_INVALID for what JSON has no text for, REQUEST_TOO_LARGE. */
export function toText(collection: string, key: string, value: unknown): string {
  const name = recordName(collection, key);
  const text = stringify(name, value);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_VALUE_BYTES) {
    throw new ReptraceError(
      'REQUEST_TOO_LARGE',
      `the value for ${name} has ${bytes} bytes`,
      `A value may have ${MAX_VALUE_BYTES} bytes: split it over several records.`,
    );
  }
  return text;
}

function stringify(name: string, value: unknown): string {
  const notJson = (reason: string, options?: ErrorOptions) =>
    new ReptraceError(
      'INPUT_INVALID',
      `the value for ${name} is no JSON: ${reason}`,
      'Store objects, lists, strings, finite numbers, booleans and null.',
      options,
    );
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notJson(reasonOf(error), { cause: error });
  }
  if (typeof text !== 'string') throw notJson(`it is ${typeof value}`);
  return text;
}

/** The value of a stored text. Throws INTERNAL when it is no JSON. */
export function fromText(collection: string, key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(collection, key, reasonOf(error), error);
  }
}

export function damaged(collection: string, key: string, reason: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'INTERNAL',
    `the stored ${recordName(collection, key)} cannot be read: ${reason}`,
    'Something else wrote or damaged it: restore it from a backup, or delete it.',
    { cause },
  );
}

/**
 * Whether what is there is what a writer expects.
 * @param revision of what is there, undefined when nothing is
 */
export function isExpected(revision: number | undefined, expected: number | 'absent' | undefined): boolean {
  return expected === undefined || revision === (expected === 'absent' ? undefined : expected);
}

/** For a writer that expected something else, or that nobody let through (`expected` undefined). */
export function conflict(
  collection: string,
  key: string,
  revision: number | undefined,
  expected: number | 'absent' | undefined,
): ReptraceError {
  const name = recordName(collection, key);
  if (expected === undefined) {
    return new ReptraceError('CONFLICT', `${name} is changed by too many at once`, 'Try again later.');
  }
  const there = revision === undefined ? 'absent' : `at revision ${revision}`;
  const wanted = expected === 'absent' ? 'absent' : `at revision ${expected}`;
  return new ReptraceError(
    'CONFLICT',
    `${name} is ${there}, not ${wanted}`,
    'Somebody else changed it: read it again, and decide again.',
  );
}
