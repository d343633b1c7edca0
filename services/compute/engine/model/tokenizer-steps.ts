/**
 * The steps around the byte-pair encoding (normalizers, pre-tokenizers, post-processors, decoders) that are let
 * through to the tokenizers library, each rebuilt from its known fields and bounded. Where the library differs from
 * Hugging Face's own implementation, a step is rewritten into one that does not:
 *   - Digits: the library's counts ASCII digits only; as a Split on \p{N} it counts every numeric character.
 *   - ByteLevel: the library's own pattern takes U+FEFF for a space and U+0085 for none; as a Split the pattern is
 *     translated from Unicode's point of view.
 *   - Replace: `$` in the replacement would be special to JavaScript, and is escaped.
 *   - Metaspace decoder with prepend_scheme `never`: the library strips a leading space; as a Replace it does not.
 */
import { asRecord, refuse, show, type JsonRecord } from './tokenizer-fields.ts';

export interface Step {
  /** For the library; null for no step. */
  readonly json: JsonRecord | null;
  /** Upper bound of output length over input length, but for a bounded prefix. */
  readonly growth: number;
}

const NOTHING: Step = { json: null, growth: 1 };

const MAX_STEPS = 32;
const MAX_DEPTH = 4;
const MAX_PATTERN_LENGTH = 4096;
const MAX_CONTENT_LENGTH = 64;

/** Unicode normalization forms, with how much longer each can make a text (UTF-16; Unicode technical report 15). */
const FORMS: Readonly<Record<string, number>> = {
  NFC: 3,
  NFD: 4,
  NFKC: 18,
  NFKD: 18,
  Lowercase: 3,
  StripAccents: 1,
};

export function normalizerStep(node: unknown, depth = 0): Step {
  if (node === null) return NOTHING;
  const step = asRecord(node, 'a normalizer');
  const type = typeOf(step, 'normalizer');
  const form = Object.hasOwn(FORMS, type) ? FORMS[type] : undefined;
  if (form !== undefined) return { json: { type }, growth: form };
  switch (type) {
    case 'Sequence':
      return sequence(step, 'normalizers', depth, normalizerStep);
    case 'Prepend':
      return { json: { type, prepend: text(step, 'prepend') }, growth: 1 };
    case 'Strip':
      return {
        json: { type, strip_left: flag(step, 'strip_left'), strip_right: flag(step, 'strip_right') },
        growth: 1,
      };
    case 'Replace':
      return replaceStep(step);
    default:
      return unknown('normalizer', type);
  }
}

export function preTokenizerStep(node: unknown, depth = 0): Step {
  if (node === null) return NOTHING;
  const step = asRecord(node, 'a pre-tokenizer');
  const type = typeOf(step, 'pre_tokenizer');
  switch (type) {
    case 'Sequence':
      return sequence(step, 'pretokenizers', depth, preTokenizerStep);
    case 'ByteLevel':
      return byteLevel(flag(step, 'add_prefix_space'), flag(step, 'use_regex', true));
    case 'Metaspace': {
      if (flag(step, 'split', true)) refuse('a Metaspace pre-tokenizer that splits is not implemented');
      return { json: { type, replacement: character(step), prepend_scheme: prependScheme(step) }, growth: 1 };
    }
    case 'Split': {
      const invert = flag(step, 'invert');
      const behavior = step['behavior'];
      // Splitting off and keeping is "Isolated"; keeping matches only is "Removed", inverted.
      if (behavior !== 'Removed' && (behavior !== 'Isolated' || invert)) {
        refuse(`a Split with behavior ${show(behavior)}, invert ${String(invert)}, is not implemented`);
      }
      return { json: { type, pattern: pattern(step).json, behavior, invert }, growth: 1 };
    }
    case 'Digits': {
      const Regex = flag(step, 'individual_digits') ? '\\p{N}' : '\\p{N}+';
      return { json: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }, growth: 1 };
    }
    default:
      return unknown('pre-tokenizer', type);
  }
}

/** GPT-2's pattern, which ByteLevel splits by. */
const BYTE_LEVEL = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevel(addPrefixSpace: boolean, useRegex: boolean): Step {
  // A prefix space comes before the splitting, so with one the library's own order has to stay.
  if (!useRegex || addPrefixSpace) {
    return { json: { type: 'ByteLevel', add_prefix_space: addPrefixSpace, use_regex: useRegex }, growth: 3 };
  }
  const pretokenizers = [
    { type: 'Split', pattern: { Regex: BYTE_LEVEL }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
  ];
  return { json: { type: 'Sequence', pretokenizers }, growth: 3 };
}

/** @param checkToken throws unless the token is known by that id */
export function postProcessorStep(
  node: unknown,
  checkToken: (token: string, id: unknown) => void,
  depth = 0,
): Step {
  if (node === null) return NOTHING;
  const step = asRecord(node, 'a post-processor');
  const type = typeOf(step, 'post_processor');
  switch (type) {
    case 'Sequence':
      return sequence(step, 'processors', depth, (inner, at) => postProcessorStep(inner, checkToken, at));
    case 'ByteLevel':
      return { json: { type }, growth: 1 };
    case 'TemplateProcessing': {
      const special = asRecord(step['special_tokens'] ?? {}, 'special_tokens');
      const single = listAt(step, 'single').map((item) => {
        const part = asRecord(item, 'a part of TemplateProcessing');
        if (part['Sequence'] !== undefined) {
          if (asRecord(part['Sequence'], 'a Sequence')['id'] !== 'A')
            refuse('TemplateProcessing names a second text');
          return { Sequence: { id: 'A', type_id: 0 } };
        }
        const id = text(asRecord(part['SpecialToken'], 'a SpecialToken'), 'id');
        const ids = asRecord(special[id], `special_tokens ${show(id)}`)['ids'];
        checkToken(id, Array.isArray(ids) && ids.length === 1 ? ids[0] : ids);
        return { SpecialToken: { id, type_id: 0 } };
      });
      return { json: { type, single, pair: [] }, growth: 1 };
    }
    default:
      return unknown('post-processor', type);
  }
}

export function decoderStep(node: unknown, depth = 0): Step {
  if (node === null) return NOTHING;
  const step = asRecord(node, 'a decoder');
  const type = typeOf(step, 'decoder');
  switch (type) {
    case 'Sequence':
      return sequence(step, 'decoders', depth, decoderStep);
    case 'ByteLevel':
    case 'ByteFallback':
    case 'Fuse':
      return { json: { type }, growth: 1 };
    case 'Replace':
      return replaceStep(step);
    case 'Strip': {
      const count = (key: string): number => {
        const value = step[key] ?? 0;
        const valid =
          typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_CONTENT_LENGTH;
        return valid ? value : refuse(`Strip has ${key} ${show(value)}`);
      };
      return {
        json: { type, content: text(step, 'content'), start: count('start'), stop: count('stop') },
        growth: 1,
      };
    }
    case 'Metaspace': {
      const replacement = character(step);
      if (prependScheme(step) !== 'never') return { json: { type, replacement }, growth: 1 };
      return { json: { type: 'Replace', pattern: { String: replacement }, content: ' ' }, growth: 1 };
    }
    default:
      return unknown('decoder', type);
  }
}

function sequence(
  step: JsonRecord,
  key: string,
  depth: number,
  read: (node: unknown, depth: number) => Step,
): Step {
  if (depth >= MAX_DEPTH) refuse(`more than ${MAX_DEPTH} steps are nested`);
  const steps = listAt(step, key).map((node) => read(node, depth + 1));
  return {
    json: { type: 'Sequence', [key]: steps.map(({ json }) => json).filter((json) => json !== null) },
    growth: steps.reduce((product, { growth }) => product * growth, 1),
  };
}

function replaceStep(step: JsonRecord): Step {
  const content = text(step, 'content', 0);
  const { json, shortest } = pattern(step);
  // A pattern that can match nothing could insert its content between all characters.
  const growth = shortest === 0 ? content.length + 1 : Math.max(1, Math.ceil(content.length / shortest));
  return { json: { type: 'Replace', pattern: json, content: content.replaceAll('$', '$$$$') }, growth };
}

/** `shortest`: no match is shorter than that. */
function pattern(step: JsonRecord): { json: JsonRecord; shortest: number } {
  const node = asRecord(step['pattern'], 'a pattern');
  for (const kind of ['Regex', 'String']) {
    const source = node[kind];
    if (source === undefined) continue;
    if (typeof source !== 'string' || source.length === 0 || source.length > MAX_PATTERN_LENGTH) {
      return refuse(`a pattern is not a text of 1 to ${MAX_PATTERN_LENGTH} characters`);
    }
    return { json: { [kind]: source }, shortest: kind === 'String' ? source.length : 0 };
  }
  return refuse('a pattern is neither a Regex nor a String');
}

function prependScheme(step: JsonRecord): string {
  // Before prepend_scheme there was add_prefix_space, true by default.
  const scheme = step['prepend_scheme'] ?? (flag(step, 'add_prefix_space', true) ? 'always' : 'never');
  if (scheme === 'always' || scheme === 'first' || scheme === 'never') return scheme;
  return refuse(`prepend_scheme ${show(scheme)} is not known`);
}

function character(step: JsonRecord): string {
  const value = step['replacement'] ?? '\u2581';
  return typeof value === 'string' && value.length === 1
    ? value
    : refuse('a replacement is not one character');
}

function listAt(step: JsonRecord, key: string): unknown[] {
  const list: unknown = step[key];
  if (!Array.isArray(list) || list.length > MAX_STEPS)
    return refuse(`${key} is not a list of at most ${MAX_STEPS}`);
  return list;
}

function text(step: JsonRecord, key: string, shortest = 1): string {
  const value = step[key];
  if (typeof value === 'string' && value.length >= shortest && value.length <= MAX_CONTENT_LENGTH)
    return value;
  return refuse(`${key} ${show(value)} is not a text of ${shortest} to ${MAX_CONTENT_LENGTH} characters`);
}

function flag(step: JsonRecord, key: string, fallback = false): boolean {
  const value = step[key] ?? fallback;
  return typeof value === 'boolean' ? value : refuse(`${key} is ${show(value)}, not true or false`);
}

function typeOf(step: JsonRecord, what: string): string {
  const type = step['type'];
  return typeof type === 'string' ? type : refuse(`a ${what} has no type`);
}

function unknown(what: string, type: string): never {
  return refuse(`the ${what} ${show(type)} is not implemented`);
}
