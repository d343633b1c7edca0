/**
 * Added tokens (special ones among them) found in running text before anything else is done to it, as Hugging Face's
 * tokenizers do: the longest at the leftmost place, with the spaces beside it where the token takes them.
 */
import { PrefixIndex } from './tokenizer-prefixes.ts';
import { asPatternsSee } from './tokenizer-unicode.ts';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter or digit is beside it. */
  readonly singleWord: boolean;
  /** Takes the spaces before it, after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly special: boolean;
  /** Looked for in the normalized text, and normalized itself. */
  readonly normalized: boolean;
}

/** A token's id, or text between tokens and where it begins. */
export type Section = { readonly id: number } | { readonly text: string; readonly start: number };

const SPACE = /\p{White_Space}/u;
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** @param tokens by the text that is looked for */
export function addedTokenSplitter(
  tokens: ReadonlyMap<string, AddedToken>,
): (text: string) => readonly Section[] {
  const index = new PrefixIndex(tokens.keys());
  return (text) => {
    const sections: Section[] = [];
    let done = 0;
    for (let at = 0; at < text.length;) {
      const content = tokens.size === 0 ? undefined : index.longest(text, at);
      const token = content === undefined ? undefined : tokens.get(content);
      if (content === undefined || token === undefined) {
        if (tokens.size === 0) break;
        at++;
        continue;
      }
      const end = at + content.length;
      if (!token.singleWord || standsAlone(text, at, end)) {
        const start = token.lstrip ? Math.max(spacesBefore(text, at), done) : at;
        if (start > done) sections.push({ text: text.slice(done, start), start: done });
        sections.push({ id: token.id });
        done = token.rstrip ? spacesAfter(text, end) : end;
      }
      at = end;
    }
    if (done < text.length) sections.push({ text: text.slice(done), start: done });
    return sections;
  };
}

function standsAlone(text: string, start: number, end: number): boolean {
  // Two units hold one character.
  const [before, after] = [text.slice(Math.max(0, start - 2), start), text.slice(end, end + 2)];
  return !WORD_BEFORE.test(asPatternsSee(before)) && !WORD_AFTER.test(asPatternsSee(after));
}

function spacesBefore(text: string, at: number): number {
  let start = at;
  while (start > 0 && SPACE.test(text[start - 1] ?? '')) start--;
  return start;
}

function spacesAfter(text: string, at: number): number {
  let end = at;
  while (end < text.length && SPACE.test(text[end] ?? '')) end++;
  return end;
}
