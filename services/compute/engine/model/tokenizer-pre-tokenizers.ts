/**
 * The pre-tokenizers of a tokenizer.json: they cut a text into the pieces that are encoded one by one. As with the
 * normalizers, the tokenizers library's own ones differ from Hugging Face's (words and digits in ASCII only, its own idea
 * of spaces and punctuation, two of the five ways to split), so these are written after those.
 */
import {
  asRecord,
  characterAt,
  flagAt,
  prependScheme,
  refuse,
  show,
  stepsOf,
  typeOf,
  unknownStep,
} from './tokenizer-fields.ts';
import { literalPattern, matchesOf, patternOf, regexPattern } from './tokenizer-patterns.ts';
import { asPatternsSee, PUNCTUATION } from './tokenizer-unicode.ts';

export interface Piece {
  readonly text: string;
  /** Whether it begins where the whole text does. */
  readonly first: boolean;
}

export interface PreTokenizer {
  readonly apply: (pieces: readonly Piece[]) => Piece[];
  /** Upper bound of output length over input length, but for a bounded prefix of each piece. */
  readonly growth: number;
  /** Whether it asks which piece is the first. */
  readonly asksFirst: boolean;
}

type Matches = readonly (readonly [number, number])[];

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof BEHAVIORS)[number];

const SPACES = /\p{White_Space}/gu;
const NUMERIC = /\p{N}/gu;
const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

/** GPT-2's pattern, which ByteLevel splits by. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** @param node a pre-tokenizer, or null for none */
export function preTokenizerStep(node: unknown, depth = 0): PreTokenizer {
  if (node === null) return { apply: (pieces) => [...pieces], growth: 1, asksFirst: false };
  const step = asRecord(node, 'a pre-tokenizer');
  const type = typeOf(step, 'pre_tokenizer');
  switch (type) {
    case 'Sequence': {
      const steps = stepsOf(step, 'pretokenizers', depth, preTokenizerStep);
      return {
        apply: (pieces) => steps.reduce((result, { apply }) => apply(result), [...pieces]),
        growth: steps.reduce((product, { growth }) => product * growth, 1),
        asksFirst: steps.some(({ asksFirst }) => asksFirst),
      };
    }
    case 'ByteLevel':
      return byteLevel(flagAt(step, 'add_prefix_space'), flagAt(step, 'use_regex', true));
    case 'Metaspace':
      return metaspace(
        characterAt(step, 'replacement', '\u2581'),
        prependScheme(step),
        flagAt(step, 'split', true),
      );
    case 'Split': {
      const { matches } = patternOf(step);
      return splitting(matches, behaviorOf(step['behavior']), flagAt(step, 'invert'));
    }
    case 'Digits':
      return splitting(matching(NUMERIC), flagAt(step, 'individual_digits') ? 'Isolated' : 'Contiguous');
    case 'Punctuation':
      return splitting(matching(PUNCTUATION), behaviorOf(step['behavior'] ?? 'Isolated'));
    case 'Whitespace':
      return splitting((text) => matchesOf(WORDS, asPatternsSee(text)), 'Removed', true);
    case 'WhitespaceSplit':
      return splitting(matching(SPACES), 'Removed');
    case 'BertPreTokenizer': {
      const words = splitting(matching(SPACES), 'Removed');
      const marks = splitting(matching(PUNCTUATION), 'Isolated');
      return { apply: (pieces) => marks.apply(words.apply(pieces)), growth: 1, asksFirst: false };
    }
    case 'CharDelimiterSplit':
      return splitting(literalPattern(characterAt(step, 'delimiter')).matches, 'Removed');
    default:
      return unknownStep('pre-tokenizer', type);
  }
}

function behaviorOf(value: unknown): Behavior {
  return (
    BEHAVIORS.find((known) => known === value) ??
    refuse(`a split with behavior ${show(value)} is not implemented`)
  );
}

function matching(pattern: RegExp): (text: string) => [number, number][] {
  return (text) => matchesOf(pattern, text);
}

function splitting(matches: (text: string) => Matches, behavior: Behavior, invert = false): PreTokenizer {
  const apply: PreTokenizer['apply'] = (pieces) =>
    pieces.flatMap(({ text, first }) =>
      cuts(parts(text, matches(text), invert), behavior)
        .filter(([start, end]) => end > start)
        .map(([start, end]) => ({ text: text.slice(start, end), first: first && start === 0 })),
    );
  return { apply, growth: 1, asksFirst: false };
}

/** A stretch of a text: where it begins and ends, and whether the pattern matches it. */
type Part = [start: number, end: number, isMatch: boolean];

function parts(text: string, matches: Matches, invert: boolean): Part[] {
  const found: Part[] = [];
  let last = 0;
  for (const [start, end] of matches) {
    if (start > last) found.push([last, start, invert]);
    found.push([start, end, !invert]);
    last = end;
  }
  if (text.length > last) found.push([last, text.length, invert]);
  return found;
}

/** After NormalizedString::split of Hugging Face's tokenizers. */
function cuts(all: readonly Part[], behavior: Behavior): Part[] {
  if (behavior === 'Isolated') return [...all];
  if (behavior === 'Removed') return all.filter(([, , isMatch]) => !isMatch);
  const backwards = behavior === 'MergedWithNext';
  const joined: Part[] = [];
  let previous = false;
  for (const part of backwards ? all.toReversed() : all) {
    const [start, end, isMatch] = part;
    const last = joined.at(-1);
    const joins = behavior === 'Contiguous' ? isMatch === previous : isMatch && !previous;
    if (!joins || last === undefined) joined.push([start, end, isMatch]);
    else if (backwards) last[0] = start;
    else last[1] = end;
    previous = isMatch;
  }
  return backwards ? joined.reverse() : joined;
}

function metaspace(replacement: string, scheme: 'always' | 'first' | 'never', split: boolean): PreTokenizer {
  const { matches } = literalPattern(replacement);
  const words = splitting(matches, 'MergedWithNext');
  const apply: PreTokenizer['apply'] = (pieces) => {
    const spelled = pieces.map(({ text, first }) => {
      const marked = text.replaceAll(' ', replacement);
      const wanted = scheme === 'always' || (scheme === 'first' && first);
      return { text: wanted && !marked.startsWith(replacement) ? replacement + marked : marked, first };
    });
    return split ? words.apply(spelled) : spelled;
  };
  return { apply, growth: 1, asksFirst: scheme === 'first' };
}

function byteLevel(addPrefixSpace: boolean, useRegex: boolean): PreTokenizer {
  const words = splitting(regexPattern(GPT2_PATTERN).matches, 'Isolated');
  const apply: PreTokenizer['apply'] = (pieces) => {
    const spaced = addPrefixSpace
      ? pieces.map(({ text, first }) => ({ text: text.startsWith(' ') ? text : ` ${text}`, first }))
      : pieces;
    return (useRegex ? words.apply(spaced) : spaced).map(({ text, first }) => ({
      text: spelledBytes(text),
      first,
    }));
  };
  return { apply, growth: 3, asksFirst: false };
}

/** The 256 characters of GPT-2's alphabet, by the byte that each stands for. */
export const BYTE_ALPHABET: readonly string[] = byteAlphabet();

function byteAlphabet(): string[] {
  let spare = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    // Those that can be printed stand for themselves, the others for characters from U+0100 on.
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : spare++);
  });
}

const encoder = new TextEncoder();

function spelledBytes(text: string): string {
  return Array.from(encoder.encode(text), (byte) => BYTE_ALPHABET[byte] ?? '').join('');
}
