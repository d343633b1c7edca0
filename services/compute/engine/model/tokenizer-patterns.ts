/**
 * Patterns of a tokenizer.json. They are written for Oniguruma, and the tokenizers library translates them; what it would
 * quietly change is put right or refused here: folding of case beyond ASCII, possessive and atomic parts, options. Texts
 * are matched as that library's Unicode data sees them.
 */
import * as library from '@huggingface/tokenizers';
import { reasonOf } from '../../../../lib/errors.ts';
import { asRecord, refuse, show, type JsonRecord } from './tokenizer-fields.ts';
import { asPatternsSee } from './tokenizer-unicode.ts';

export interface Pattern {
  /** Every match, in order: where it begins and ends. */
  readonly matches: (text: string) => [number, number][];
  /** No match is shorter than that. */
  readonly shortest: number;
}

const MAX_PATTERN_LENGTH = 4096;

/** What is used of the library's Split; its own declarations do not resolve under NodeNext. */
const { SplitPreTokenizer: Split } = library as unknown as {
  SplitPreTokenizer: new (config: object) => { readonly pattern: RegExp };
};

/** The `pattern` of a Split or Replace: {"Regex": source} or {"String": text}. */
export function patternOf(step: JsonRecord): Pattern {
  const node = asRecord(step['pattern'], 'a pattern');
  const { Regex: regex, String: literal } = node as { Regex?: unknown; String?: unknown };
  const source = regex ?? literal;
  if (typeof source !== 'string' || source.length === 0 || source.length > MAX_PATTERN_LENGTH) {
    return refuse(`a pattern is not a Regex or String of 1 to ${MAX_PATTERN_LENGTH} characters`);
  }
  return regex === undefined ? literalPattern(source) : regexPattern(source);
}

export function literalPattern(literal: string): Pattern {
  return {
    shortest: literal.length,
    matches: (text) => {
      const found: [number, number][] = [];
      for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length))
        found.push([at, at + literal.length]);
      return found;
    },
  };
}

/** @param source in Oniguruma's syntax */
export function regexPattern(source: string): Pattern {
  let pattern: RegExp;
  try {
    const config = { pattern: { Regex: portable(source) }, behavior: 'Isolated', invert: false };
    ({ pattern } = new Split(config));
  } catch (error) {
    return refuse(`the pattern ${show(source)} cannot be used: ${reasonOf(error).slice(0, 200)}`);
  }
  return { shortest: 0, matches: (text) => matchesOf(pattern, asPatternsSee(text)) };
}

/** @param pattern with the flags g and u */
export function matchesOf(pattern: RegExp, text: string): [number, number][] {
  const found: [number, number][] = [];
  let last = -1;
  for (const { index, 0: match } of text.matchAll(pattern)) {
    const end = index + match.length;
    // Rust's iterator gives no empty match where one has just ended.
    if (match.length > 0 || index !== last) found.push([index, end]);
    last = end;
  }
  return found;
}

/** Published patterns with possessive quantifiers that never give anything back. */
const POSSESSIVE: readonly (readonly [string, string])[] = [
  ['[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+', '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+'],
  ['[^\\s\\p{L}\\p{N}]++[\\r\\n]*', '[^\\s\\p{L}\\p{N}]+[\\r\\n]*'],
];

/** `(?i:…)` of nothing but letters and apostrophes, in alternatives and one level of groups. */
const LETTERS = "[A-Za-z'’|]|\\[[a-zA-Z]+\\]";
const FOLDED_GROUP = new RegExp(`\\(\\?i:((?:${LETTERS}|\\(\\?:(?:${LETTERS})*\\))*)\\)`, 'g');

/** The pattern without what the library would not translate faithfully; throws for what has no such form. */
function portable(source: string): string {
  let rest = source;
  for (const [possessive, greedy] of POSSESSIVE) rest = rest.replaceAll(possessive, greedy);
  rest = rest.replace(FOLDED_GROUP, (_group, letters: string) => `(?:${withBothCases(letters)})`);
  if (/\(\?[a-z-]*[a-z]/i.test(withoutEscapes(rest)))
    throw new Error('it folds case, or sets options, in a way that is not implemented');
  if (/\(\?>|[*+?]\+/.test(withoutEscapes(rest)))
    throw new Error('possessive quantifiers and atomic groups are not implemented');
  if (/\\[GKXROyYNk1-9]/.test(rest.replaceAll('\\\\', '')))
    throw new Error('back references and anchors such as \\G are not implemented');
  return rest;
}

/** Every letter in both cases; two characters beyond ASCII fold to s and k. */
function withBothCases(group: string): string {
  return group.replace(/\[[a-zA-Z]+\]|[a-zA-Z]/g, (atom) => {
    const letters = atom.replace(/[[\]]/g, '').toLowerCase();
    const more = `${letters.includes('s') ? 'ſ' : ''}${letters.includes('k') ? '\u212A' : ''}`;
    return `[${letters}${letters.toUpperCase()}${more}]`;
  });
}

/** Without escapes and character classes, in which nothing is an operator. */
function withoutEscapes(source: string): string {
  return source.replace(/\\./gsu, 'a').replace(/\[\^?\]?[^\]]*\]/g, 'a');
}
