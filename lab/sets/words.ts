/** Words in texts: found where nothing of another word touches them. */
import type { Span } from './set.ts';

/** Of a word; a half of a surrogate pair is taken for one. */
const OF_WORD = /[\p{L}\p{N}\p{Cs}]/u;

/** Whether the words come in the text as they are, not as a part of longer ones. */
export function hasWords(text: string, words: string): boolean {
  return placeOf(text, words, 0) >= 0;
}

export function hasAnyWords(text: string, list: readonly string[]): boolean {
  return list.some((words) => hasWords(text, words));
}

/** The distinct words of a text in lower case. */
export function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

export interface Replaced {
  readonly text: string;
  /** Where the replacements stand in it, in order. */
  readonly spans: readonly Span[];
}

/**
 * `to` in the place of every one of `from`; where one of them comes with a capital letter that it does not have itself, `to`
 * gets one as well. Undefined where none of them comes.
 */
export function replaceWords(text: string, from: readonly string[], to: string): Replaced | undefined {
  const variants = from.flatMap((words) => {
    const same = { words, put: to };
    return capitalised(words) === words
      ? [same]
      : [same, { words: capitalised(words), put: capitalised(to) }];
  });
  const places = variants.map(({ words }) => placeOf(text, words, 0));
  let result = '';
  let at = 0;
  const spans: Span[] = [];
  for (;;) {
    const next = firstOf(places, (i) => variants[i].words.length);
    if (next < 0) break;
    const [place, { words, put }] = [places[next], variants[next]];
    result += text.slice(at, place);
    spans.push([result.length, result.length + put.length]);
    result += put;
    at = place + words.length;
    for (const [i, other] of places.entries())
      if (other >= 0 && other < at) places[i] = placeOf(text, variants[i].words, at);
  }
  return spans.length === 0 ? undefined : { text: result + text.slice(at), spans };
}

/** Which place comes first, of several the one with the most words; -1 where none is a place. */
function firstOf(places: readonly number[], length: (i: number) => number): number {
  let first = -1;
  for (const [i, place] of places.entries()) {
    if (place < 0) continue;
    if (first < 0 || place < places[first] || (place === places[first] && length(i) > length(first)))
      first = i;
  }
  return first;
}

export function capitalised(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length);
}

/** Where the words begin, at `from` or behind it; -1 where they do not come. */
function placeOf(text: string, words: string, from: number): number {
  const [first, last] = [OF_WORD.test(words.charAt(0)), OF_WORD.test(words.charAt(words.length - 1))];
  for (let place = text.indexOf(words, from); place >= 0; place = text.indexOf(words, place + 1)) {
    const before = first && place > 0 && OF_WORD.test(text.charAt(place - 1));
    const after = last && OF_WORD.test(text.charAt(place + words.length));
    if (!before && !after) return place;
  }
  return -1;
}
