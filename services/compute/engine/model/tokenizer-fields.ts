/** Small readers for the fields of an untrusted tokenizer.json, and the error that they share. */
import { ReptraceError } from '../../../../lib/errors.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

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
