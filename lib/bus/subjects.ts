/** Subjects: words joined by dots, and the one wildcard that listening knows. Pure. */
import { ReptraceError } from '../errors.ts';

const WORD = /^[A-Za-z0-9_-]{1,128}$/;
/** Printable ASCII without spaces: it crosses the bus as a header. */
const ID = /^[\x21-\x7e]{1,256}$/;
const LONGEST_SUBJECT = 512;

/** Throws INPUT_INVALID unless it is words joined by dots. */
export function checkSubject(subject: string): void {
  if (subject.length > LONGEST_SUBJECT || !subject.split('.').every((word) => WORD.test(word))) {
    throw invalid('subject', subject, 'Use words of [A-Za-z0-9_-] joined by dots.');
  }
}

/** Throws INPUT_INVALID unless it is a subject, or one followed by `.*`. */
export function checkPattern(pattern: string): void {
  checkSubject(pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern);
}

/** @param what what the word is, for the message */
export function checkWord(what: string, word: string): void {
  if (!WORD.test(word)) throw invalid(what, word, 'Use one word of [A-Za-z0-9_-], at most 128 characters.');
}

export function checkTaskId(id: string): void {
  if (!ID.test(id))
    throw invalid('task id', id, 'Use at most 256 printable ASCII characters without spaces.');
}

/** Does a listener of this pattern hear this subject? */
export function covers(pattern: string, subject: string): boolean {
  if (!pattern.endsWith('.*')) return pattern === subject;
  const stem = pattern.slice(0, -1);
  return subject.startsWith(stem) && !subject.includes('.', stem.length);
}

function invalid(what: string, given: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', `not a ${what}: ${JSON.stringify(given.slice(0, 80))}`, remedy);
}
