/**
 * A plain text cut into windows, each a sample: its first half is the prompt, its second the response, so that what is
 * measured is in the window's middle. This service has no tokenizer, so windows are of characters (UTF-16 units). Cuts are
 * before white space, which begins the next piece as tokenizers want it: all pieces joined are the text. Pure.
 */
import type { RawWindow } from '../../../lib/mesh/compute-messages.ts';

export interface TextWindow {
  readonly prompt: string;
  readonly response: string;
  readonly raw: RawWindow;
}

export const DEFAULT_WINDOW = 1024;
export const LEAST_WINDOW = 64;
export const MOST_WINDOW = 65_536;

/** Words, or characters of scripts that are written without spaces between words. */
const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((script) => `\\p{Script=${script}}`)
  .join('');
const WORDS = new RegExp(`[${SCRIPTS}]|[^\\s${SCRIPTS}]+`, 'gu');
const SPACE = /\s/;

/**
 * Windows of at most `most` characters, alike in length: none is a small remainder. One of white space is its reason.
 * Throws a SyntaxError for a text of fewer than two words.
 */
export function textWindows(text: string, most: number): Iterable<TextWindow | { readonly reason: string }> {
  if (!hasTwoWords(text)) throw new SyntaxError('the text has fewer than two words');
  return windowsOf(text, most);
}

function* windowsOf(text: string, most: number): Generator<TextWindow | { readonly reason: string }> {
  for (let from = 0; from < text.length;) {
    const left = text.length - from;
    const share = Math.ceil(left / Math.ceil(left / most));
    const to = share === left ? text.length : cutBefore(text, from + share, from + Math.ceil(share / 2));
    yield windowOf(text, from, to);
    from = to;
  }
}

function windowOf(text: string, from: number, to: number): TextWindow | { readonly reason: string } {
  const middle = middleCut(text, from, to);
  const [prompt, response] = [text.slice(from, middle), text.slice(middle, to)];
  if (prompt.trim() === '' || response.trim() === '')
    return { reason: `characters ${from} to ${to} of the text are white space in one half` };
  return { prompt, response, raw: to === text.length ? 'last' : 'inner' };
}

/** The last place at or before `at`, above `least`, where white space begins; where there is none, `at` itself. */
function cutBefore(text: string, at: number, least: number): number {
  for (let cut = at; cut > least; cut--) if (isCut(text, cut)) return cut;
  return wholeCharacter(text, at);
}

/** The place nearest to the middle where white space begins and both sides have text; where there is none, the middle. */
function middleCut(text: string, from: number, to: number): number {
  const [first, last] = textWithin(text, from, to);
  const middle = from + Math.floor((to - from) / 2);
  for (let off = 0; off <= to - from; off++) {
    for (const cut of [middle - off, middle + off]) {
      if (cut > first && cut <= last && isCut(text, cut)) return cut;
    }
  }
  return wholeCharacter(text, Math.min(Math.max(middle, first + 1), Math.max(last, first + 1)));
}

/** Places of the first and the last character that is no white space. */
function textWithin(text: string, from: number, to: number): readonly [number, number] {
  let [first, last] = [from, to - 1];
  while (first < last && SPACE.test(text[first])) first++;
  while (last > first && SPACE.test(text[last])) last--;
  return [first, last];
}

function isCut(text: string, at: number): boolean {
  return SPACE.test(text[at] ?? '') && !SPACE.test(text[at - 1] ?? ' ');
}

/** Never between the halves of a surrogate pair. */
function wholeCharacter(text: string, at: number): number {
  return /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(at - 1, at + 1)) ? at - 1 : at;
}

function hasTwoWords(text: string): boolean {
  const words = text.matchAll(WORDS);
  return words.next().done !== true && words.next().done !== true;
}
