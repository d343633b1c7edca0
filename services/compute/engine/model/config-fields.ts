/**
 * Typed, bounded reading of the fields of a config.json that nobody vouches for. Each function names the field in its
 * error; null counts as absent, as in Hugging Face's own files.
 */
import { ReptraceError } from '../../../../lib/errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function configInvalid(what: string): ReptraceError {
  return new ReptraceError(
    'CONFIG_INVALID',
    `config.json: ${what}.`,
    'Compare config.json with the one that the model was published with, and restore it.',
  );
}

export function configUnsupported(what: string, known: string): ReptraceError {
  return new ReptraceError('CONFIG_UNSUPPORTED', `config.json: ${what}.`, known);
}

export function asFields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configInvalid(`${name} is not an object`);
  }
  return value as Fields;
}

/** The field's own value, never one inherited from a prototype; undefined when absent or null. */
export function field(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? (fields[key] ?? undefined) : undefined;
}

export function wholeNumber(fields: Fields, key: string, range: Range, fallback?: number): number {
  const value = realNumber(fields, key, range, fallback);
  if (!Number.isInteger(value)) throw configInvalid(`${key} is ${value}, not a whole number`);
  return value;
}

export function realNumber(fields: Fields, key: string, range: Range, fallback?: number): number {
  const value = field(fields, key) ?? fallback;
  if (value === undefined) throw configInvalid(`${key} is missing`);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw configInvalid(`${key} is ${show(value)}, not a number`);
  }
  if (value < range.min || value > range.max) {
    throw configInvalid(`${key} is ${value}, outside ${range.min} to ${range.max}`);
  }
  return value;
}

export function flag(fields: Fields, key: string, fallback: boolean): boolean {
  const value = field(fields, key) ?? fallback;
  if (typeof value !== 'boolean') throw configInvalid(`${key} is ${show(value)}, not true or false`);
  return value;
}

/** A value from the file, short enough for a message. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'absent';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
