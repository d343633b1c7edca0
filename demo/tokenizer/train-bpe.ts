/**
 * Byte-pair encoding, trained the plain way (Sennrich et al., arXiv 1508.07909): the most frequent pair of
 * neighbours becomes a token, until there are enough. Ties go to the pair that sorts first, so the result is a pure
 * function of the texts.
 */
import { toByteAlphabet } from './byte-alphabet.ts';

/** GPT-2's split into words, the one that Hugging Face's ByteLevel pre-tokenizer applies. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

export type Merge = readonly [string, string];

interface Word {
  parts: string[];
  readonly count: number;
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => ({ parts: toByteAlphabet(word), count }));
}

/** Pairs as keys: a space is in no token of the byte alphabet. */
function mostFrequentPair(words: readonly Word[]): Merge | undefined {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let i = 1; i < parts.length; i++) {
      const pair = `${parts[i - 1] ?? ''} ${parts[i] ?? ''}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best = '';
  let most = 1;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && count > 1 && pair < best)) [best, most] = [pair, count];
  }
  const space = best.indexOf(' ');
  return space < 0 ? undefined : [best.slice(0, space), best.slice(space + 1)];
}

function apply(word: Word, [left, right]: Merge): void {
  const parts: string[] = [];
  for (const part of word.parts) {
    if (part === right && parts.at(-1) === left) parts[parts.length - 1] = left + right;
    else parts.push(part);
  }
  word.parts = parts;
}

/** At most `count` merges, in the order in which they apply; fewer when no pair comes twice. */
export function trainBpe(texts: Iterable<string>, count: number): Merge[] {
  const words = countWords(texts);
  const merges: Merge[] = [];
  while (merges.length < count) {
    const pair = mostFrequentPair(words);
    if (pair === undefined) break;
    merges.push(pair);
    for (const word of words) apply(word, pair);
  }
  return merges;
}
