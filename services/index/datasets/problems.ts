/** The errors of datasets, and how their messages show what a file holds: short, and with nothing that acts on a terminal. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { BadRow } from './dataset.ts';

const SHOWN_CHARACTERS = 60;
const SHOWN_NAMES = 20;

/** Controls, invisible formatting, halves of surrogate pairs. */
const NOT_PLAIN = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** Without what a terminal would act on. */
export function plain(text: string): string {
  return text.replaceAll(NOT_PLAIN, '\ufffd');
}

/** Text from a file, quoted and cut. */
export function shown(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return plain(JSON.stringify(cut));
}

export function shownList(names: readonly string[]): string {
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return names.slice(0, SHOWN_NAMES).map(shown).join(', ') + more;
}

export function invalidDataset(message: string, remedy: string): ReptraceError {
  return new ReptraceError('DATASET_INVALID', message, remedy);
}

export function changedDataset(path: string): ReptraceError {
  return new ReptraceError(
    'DATASET_CHANGED',
    `${path} changed while it was read, or since it was scanned`,
    'Build the index again once the file is at rest.',
  );
}

/** What to throw for an Error that came of a file's bytes; a TypeError would be a fault of the reader, and stays one. */
export function damaged(name: string, title: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TypeError) return error;
  return invalidDataset(
    `${name} cannot be read as ${title}: ${plain(error.message)}`,
    'The file may be damaged or cut off: fetch it again, or convert it to JSON lines.',
  );
}

/** What to throw for a bad row where bad rows stop the run. */
export function badRowError(path: string, { row, line, reason }: BadRow): ReptraceError {
  return invalidDataset(
    `${path}, line ${line} (row ${row}): ${reason}`,
    'Mend or remove this row, or ask for bad rows to be skipped.',
  );
}
