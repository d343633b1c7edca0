/**
 * What `tokenizer.ggml.pre` of a GGUF file stands for: the steps before byte-pair encoding, which the file names but does
 * not hold. Each is as in the tokenizer.json of the model that the name is taken from; `default` is llama.cpp's own.
 * Names: https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp
 */
import { GPT2_PATTERN } from '../tokenizer-pre-tokenizers.ts';

export interface PreTokenization {
  /** As in a tokenizer.json. */
  readonly normalizer: object | null;
  readonly pre_tokenizer: object;
  /** Whether a piece that is a token as a whole is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Whether BOS is wanted where the file does not say. */
  readonly addBos: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const LLAMA3 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const QWEN2 = LLAMA3.replace('{1,3}', '');
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const CASED_TAIL = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const TEKKEN = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*|\\p{N}|${CASED_TAIL}`;
const GPT4O = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${CONTRACTIONS}?|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${CONTRACTIONS}?|\\p{N}{1,3}|${CASED_TAIL}`;

const PLAIN = { normalizer: null, ignoreMerges: false, addBos: false } as const;
const NFC = { type: 'NFC' };

const gpt2: PreTokenization = { ...PLAIN, pre_tokenizer: splits(GPT2_PATTERN) };
const llama3 = { ...PLAIN, pre_tokenizer: splits(LLAMA3), ignoreMerges: true, addBos: true };
const digits = {
  ...PLAIN,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits: true }, splits(GPT2_PATTERN)],
  },
};

export const PRE_TOKENIZATIONS: ReadonlyMap<string, PreTokenization> = new Map<string, PreTokenization>([
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  // The tokenizer of GPT-NeoX.
  ['mpt', { ...gpt2, normalizer: NFC }],
  ['olmo', { ...gpt2, normalizer: NFC }],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['dbrx', { ...PLAIN, pre_tokenizer: splits(LLAMA3) }],
  ['qwen2', { ...PLAIN, normalizer: NFC, pre_tokenizer: splits(QWEN2) }],
  ['smollm', digits],
  ['starcoder', digits],
  ['tekken', { ...PLAIN, pre_tokenizer: splits(TEKKEN), ignoreMerges: true, addBos: true }],
  ['gpt-4o', { ...PLAIN, pre_tokenizer: splits(GPT4O) }],
  [
    'default',
    {
      ...PLAIN,
      pre_tokenizer: splits('[\\p{P}$+<=>^~|]+', GPT2_PATTERN, '\\p{N}+', '[0-9][0-9][0-9]'),
    },
  ],
]);

/** Splits by one pattern after the other, then spells bytes. */
function splits(...patterns: readonly string[]): object {
  const steps = patterns.map((Regex) => {
    return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
  });
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  return { type: 'Sequence', pretokenizers: [...steps, bytes] };
}
