/**
 * What is used of tokenizer_config.json: the special tokens' texts, whether BOS is wanted, and the chat template.
 */
import { ReptraceError } from '../../../../lib/errors.ts';

export interface TokenizerSettings {
  /** Of these four: null where the file says that there is none, undefined where it says nothing. */
  readonly bosToken: string | null | undefined;
  readonly eosToken: string | null | undefined;
  readonly unkToken: string | null | undefined;
  readonly padToken: string | null | undefined;
  /** `add_bos_token`, where the file says it. */
  readonly addBos: boolean | null;
  readonly cleanUpSpaces: boolean;
  /** The default chat template's source. */
  readonly chatTemplate: string | null;
}

/** Far longer than any special token. */
const MAX_TOKEN_LENGTH = 1024;

export function parseTokenizerConfig(json: unknown): TokenizerSettings {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('the document is not an object');
  }
  const fields = new Map<string, unknown>(Object.entries(json));
  const flag = (key: string): boolean | null => {
    const value = fields.get(key) ?? null;
    if (value !== null && typeof value !== 'boolean') throw invalid(`${key} is not true or false`);
    return value;
  };
  return {
    bosToken: tokenText(fields, 'bos_token'),
    eosToken: tokenText(fields, 'eos_token'),
    unkToken: tokenText(fields, 'unk_token'),
    padToken: tokenText(fields, 'pad_token'),
    addBos: flag('add_bos_token'),
    // transformers 5 cleans up only where the file asks for it.
    cleanUpSpaces: flag('clean_up_tokenization_spaces') ?? false,
    chatTemplate: templateSource(fields.get('chat_template') ?? null),
  };
}

/** A special token is given as its text, or as an object with its text as `content`. */
function tokenText(fields: ReadonlyMap<string, unknown>, key: string): string | null | undefined {
  const value = fields.get(key);
  if (value === null || value === undefined) return value;
  const text = typeof value === 'object' && 'content' in value ? value.content : value;
  if (typeof text !== 'string' || text.length === 0 || text.length > MAX_TOKEN_LENGTH) {
    throw invalid(`${key} is not the text of a token`);
  }
  return text;
}

/** One template, or a list of named ones of which 'default' counts. */
function templateSource(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (!Array.isArray(value)) throw invalid('chat_template is neither a text nor a list');
  for (const entry of value as unknown[]) {
    if (typeof entry !== 'object' || entry === null || !('name' in entry) || entry.name !== 'default')
      continue;
    if ('template' in entry && typeof entry.template === 'string') return entry.template;
  }
  throw invalid('chat_template lists no template with the name "default"');
}

function invalid(what: string): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_INVALID',
    `tokenizer_config.json: ${what}.`,
    'Compare the file with the one that the model was published with, and restore it.',
  );
}
