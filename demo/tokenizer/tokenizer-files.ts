/** The Hugging Face files of a byte-level BPE tokenizer: tokenizer.json and tokenizer_config.json. */
import { BYTE_ALPHABET } from './byte-alphabet.ts';
import type { Merge } from './train-bpe.ts';

export const BOS = '<s>';
export const EOS = '</s>';

/** Tokens before the first merge: two special ones and 256 bytes. */
export const FIXED_TOKENS = 258;

/**
 * "<s>Question: …\nAnswer: …</s>". The prompt's rendering ends after the colon, and a word takes its leading space
 * along, so the prompt's tokens are an exact prefix of the whole rendering's.
 */
export const CHAT_TEMPLATE = [
  '{{ bos_token }}',
  "{% for message in messages %}{% if message['role'] == 'user' %}",
  "{{ 'Question: ' + message['content'] + '\\n' }}",
  "{% elif message['role'] == 'assistant' %}",
  "{{ 'Answer: ' + message['content'] + eos_token }}",
  '{% endif %}{% endfor %}',
  "{% if add_generation_prompt %}{{ 'Answer:' }}{% endif %}",
].join('');

/** Ids: the special tokens, the 256 bytes, the merges in their order. */
export function tokenizerJson(merges: readonly Merge[]): object {
  const tokens = [BOS, EOS, ...BYTE_ALPHABET, ...merges.map(([left, right]) => left + right)];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [BOS, EOS].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    // Intentionally none that adds <s>: the chat template writes it, and two would not be what the model saw.
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

export function tokenizerConfigJson(maxTokens: number): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: false,
    add_eos_token: false,
    bos_token: BOS,
    eos_token: EOS,
    pad_token: EOS,
    clean_up_tokenization_spaces: false,
    model_max_length: maxTokens,
    chat_template: CHAT_TEMPLATE,
  };
}
