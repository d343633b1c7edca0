/**
 * The normalizers of a tokenizer.json: what is done to a text before it is cut into pieces. They are not the tokenizers
 * library's own, which differ from Hugging Face's: it lowers a final sigma by its place, takes U+FEFF for a space, only
 * guesses at Precompiled, and has the Unicode data of whatever runs it (tokenizer-unicode.ts).
 */
import { parseCharsmap } from './tokenizer-charsmap.ts';
import {
  asRecord,
  flagAt,
  refuse,
  stepsOf,
  textAt,
  typeOf,
  unknownStep,
  type JsonRecord,
} from './tokenizer-fields.ts';
import { patternOf } from './tokenizer-patterns.ts';
import { BERT_CHINESE, BERT_CONTROLS, BERT_MARKS, MARKS, normalForm } from './tokenizer-unicode.ts';

export interface Normalizer {
  readonly apply: (text: string) => string;
  /** Upper bound of output length over input length, but for a bounded prefix. */
  readonly growth: number;
  /** Whether it may take away what a text begins with. */
  readonly removes: boolean;
}

const NOTHING: Normalizer = { apply: (text) => text, growth: 1, removes: false };

/** How much longer normal forms can make a text (UTF-16; Unicode technical report 15). */
const FORMS = { NFC: 3, NFD: 4, NFKC: 18, NFKD: 18 } as const;

/** Characters of a text at any step: 64 times those of the longest text that is encoded. */
const MAX_LENGTH = 1 << 26;

const SPACE = /\p{White_Space}/u;
const SPACES = /\p{White_Space}/gu;
const NMT_REMOVED = /(?![\0\t\n\f\r\x80-\x8E\x90-\x9E])\p{Cc}/gu;
const NMT_SPACES = /[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g;

/**
 * A step refuses, with TOKENIZER_INVALID, a text that it could make too long.
 * @param node a normalizer, or null for none
 */
export function normalizerStep(node: unknown, depth = 0): Normalizer {
  if (node === null) return NOTHING;
  const step = asRecord(node, 'a normalizer');
  const type = typeOf(step, 'normalizer');
  if (type !== 'Sequence') {
    const { apply, growth, removes } = readStep(type, step);
    return { apply: (text) => apply(bounded(text, growth)), growth, removes };
  }
  const steps = stepsOf(step, 'normalizers', depth, normalizerStep);
  return {
    apply: (text) => steps.reduce((result, { apply }) => apply(result), text),
    growth: steps.reduce((product, { growth }) => product * growth, 1),
    removes: steps.some(({ removes }) => removes),
  };
}

function readStep(type: string, step: JsonRecord): Normalizer {
  switch (type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return { apply: (text) => normalForm(text, type), growth: FORMS[type], removes: false };
    case 'Lowercase':
      return { apply: lowerCase, growth: 3, removes: false };
    case 'StripAccents':
      return { apply: (text) => text.replace(MARKS, ''), growth: 1, removes: true };
    case 'Prepend': {
      const prefix = textAt(step, 'prepend');
      return { apply: (text) => (text === '' ? '' : prefix + text), growth: 1, removes: false };
    }
    case 'Strip': {
      const [left, right] = [flagAt(step, 'strip_left'), flagAt(step, 'strip_right')];
      return { apply: (text) => strip(text, left, right), growth: 1, removes: true };
    }
    case 'Replace': {
      const content = textAt(step, 'content', 0);
      const { matches, shortest } = patternOf(step);
      // A pattern that can match nothing could insert its content between all characters.
      const growth = shortest === 0 ? content.length + 1 : Math.max(1, Math.ceil(content.length / shortest));
      return { apply: (text) => replaced(text, matches(text), content), growth, removes: content === '' };
    }
    case 'Nmt':
      return {
        apply: (text) => text.replace(NMT_REMOVED, '').replace(NMT_SPACES, ' '),
        growth: 1,
        removes: true,
      };
    case 'Precompiled':
      return { ...parseCharsmap(step['precompiled_charsmap']), removes: true };
    case 'BertNormalizer': {
      const lowercase = flagAt(step, 'lowercase', true);
      const options: BertOptions = {
        cleanText: flagAt(step, 'clean_text', true),
        chinese: flagAt(step, 'handle_chinese_chars', true),
        accents: flagAt(step, 'strip_accents', lowercase),
        lowercase,
      };
      return { apply: (text) => bert(text, options), growth: 12, removes: true };
    }
    default:
      return unknownStep('normalizer', type);
  }
}

/** The text; throws TOKENIZER_INVALID where a step of that growth could make too much of it. */
export function bounded(text: string, growth: number): string {
  if (text.length * growth <= MAX_LENGTH) return text;
  return refuse(`its steps could make a text of more than ${MAX_LENGTH} characters`);
}

/** Character by character: a sigma becomes σ wherever it stands. */
function lowerCase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  // All spaces are in the basic plane.
  while (left && start < end && SPACE.test(text[start] ?? '')) start++;
  while (right && end > start && SPACE.test(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

function replaced(text: string, matches: readonly (readonly [number, number])[], content: string): string {
  const parts: string[] = [];
  let last = 0;
  for (const [start, end] of matches) {
    parts.push(text.slice(last, start), content);
    last = end;
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(last);
}

interface BertOptions {
  readonly cleanText: boolean;
  readonly chinese: boolean;
  readonly accents: boolean;
  readonly lowercase: boolean;
}

function bert(text: string, { cleanText, chinese, accents, lowercase }: BertOptions): string {
  let result = text;
  if (cleanText) result = result.replace(BERT_CONTROLS, '').replace(SPACES, ' ');
  if (chinese) result = result.replace(BERT_CHINESE, ' $& ');
  if (accents) result = normalForm(result, 'NFD').replace(BERT_MARKS, '');
  return lowercase ? lowerCase(result) : result;
}
