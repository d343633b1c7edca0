/**
 * The last steps of a tokenizer.json: post-processors, which put special tokens around a text's ids, and decoders, which
 * the tokenizers library runs. Each is rebuilt from its known fields; where the library decodes otherwise than Hugging
 * Face's tokenizers, into one that does not:
 *   - Replace: `$` in the replacement would be special to JavaScript, and is escaped.
 *   - Metaspace with prepend_scheme `never`: the library strips a leading space; as a Replace it does not.
 */
import {
  asRecord,
  characterAt,
  flagAt,
  listAt,
  prependScheme,
  refuse,
  show,
  stepsOf,
  textAt,
  typeOf,
  unknownStep,
  wholeAt,
  type JsonRecord,
} from './tokenizer-fields.ts';

/** Ids to put before and after those of a text. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const MAX_STRIP = 64;

/** @param idOf gives the id of a token, or undefined; @param node a post-processor, or null for none */
export function postProcessorStep(
  node: unknown,
  idOf: (token: string) => number | undefined,
  depth = 0,
): Surroundings {
  if (node === null) return { before: [], after: [] };
  const checked = (token: unknown, id: unknown): number => {
    if (typeof token === 'string' && typeof id === 'number' && idOf(token) === id) return id;
    return refuse(`the post-processor adds ${show(token)}, which is not the token ${show(id)}`);
  };
  const step = asRecord(node, 'a post-processor');
  const type = typeOf(step, 'post_processor');
  switch (type) {
    case 'Sequence': {
      const steps = stepsOf(step, 'processors', depth, (inner, at) => postProcessorStep(inner, idOf, at));
      return {
        before: steps.toReversed().flatMap(({ before }) => before),
        after: steps.flatMap(({ after }) => after),
      };
    }
    case 'ByteLevel':
      return { before: [], after: [] };
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const token = (key: string): number => {
        const [text, id] = listAt(step, key);
        return checked(text, id);
      };
      return { before: [token('cls')], after: [token('sep')] };
    }
    case 'TemplateProcessing':
      return templateStep(step, checked);
    default:
      return unknownStep('post-processor', type);
  }
}

function templateStep(step: JsonRecord, checked: (token: unknown, id: unknown) => number): Surroundings {
  const special = asRecord(step['special_tokens'] ?? {}, 'special_tokens');
  const single = listAt(step, 'single').map((item) => {
    const part = asRecord(item, 'a part of TemplateProcessing');
    if (part['Sequence'] !== undefined) {
      if (asRecord(part['Sequence'], 'a Sequence')['id'] !== 'A')
        refuse('TemplateProcessing names a second text');
      return undefined;
    }
    const name = textAt(asRecord(part['SpecialToken'], 'a SpecialToken'), 'id');
    const ids = asRecord(special[name], `special_tokens ${show(name)}`)['ids'];
    return checked(name, Array.isArray(ids) && ids.length === 1 ? ids[0] : ids);
  });
  const at = single.indexOf(undefined);
  if (at < 0 || single.includes(undefined, at + 1)) refuse('TemplateProcessing does not name the text once');
  const ids = (list: typeof single): number[] => list.filter((id) => id !== undefined);
  return { before: ids(single.slice(0, at)), after: ids(single.slice(at)) };
}

/** For the library; null for none. */
export function decoderStep(node: unknown, depth = 0): JsonRecord | null {
  if (node === null) return null;
  const step = asRecord(node, 'a decoder');
  const type = typeOf(step, 'decoder');
  switch (type) {
    case 'Sequence': {
      const decoders = stepsOf(step, 'decoders', depth, decoderStep);
      return { type, decoders: decoders.filter((json) => json !== null) };
    }
    case 'ByteLevel':
    case 'ByteFallback':
    case 'Fuse':
      return { type };
    case 'Replace': {
      const content = textAt(step, 'content', 0).replaceAll('$', '$$$$');
      return { type, pattern: decoderPattern(step), content };
    }
    case 'Strip': {
      const count = (key: string): number => wholeAt(step, key, 0, MAX_STRIP);
      return { type, content: textAt(step, 'content'), start: count('start'), stop: count('stop') };
    }
    case 'WordPiece':
      return { type, prefix: textAt(step, 'prefix', 0), cleanup: flagAt(step, 'cleanup', true) };
    case 'Metaspace': {
      const replacement = characterAt(step, 'replacement', '\u2581');
      if (prependScheme(step) !== 'never') return { type, replacement };
      return { type: 'Replace', pattern: { String: replacement }, content: ' ' };
    }
    default:
      return unknownStep('decoder', type);
  }
}

/** All published decoders replace a plain text. */
function decoderPattern(step: JsonRecord): JsonRecord {
  return { String: textAt(asRecord(step['pattern'], 'a pattern'), 'String') };
}
