import { Template } from '@huggingface/jinja';
import * as library from '@huggingface/tokenizers';
import { expect, it } from 'vitest';
import config from '../init/config.json' with { type: 'json' };
import tokenizerConfig from '../init/tokenizer_config.json' with { type: 'json' };
import tokenizerFile from '../init/tokenizer.json' with { type: 'json' };
import { fineTuningSet } from '../corpus/finetune.ts';
import { VOCABULARY } from '../recipe.ts';

/** What is used of the library; its own declarations do not resolve under NodeNext. */
const Tokenizer = library.Tokenizer as unknown as new (
  json: object,
  config: object,
) => {
  encode(text: string, options?: { add_special_tokens: boolean }): { readonly ids: readonly number[] };
  decode(ids: readonly number[]): string;
};

const tokenizer = new Tokenizer(tokenizerFile, tokenizerConfig);
const template = new Template(tokenizerConfig.chat_template);

function encode(text: string): number[] {
  return [...tokenizer.encode(text).ids];
}

function render(messages: { role: string; content: string }[], prompt: boolean): string {
  return template.render({
    messages,
    add_generation_prompt: prompt,
    bos_token: tokenizerConfig.bos_token,
    eos_token: tokenizerConfig.eos_token,
  });
}

it('has ids for the whole vocabulary, the special tokens first', () => {
  const ids = Object.values(tokenizerFile.model.vocab).sort((a, b) => a - b);
  expect(ids).toEqual(Array.from({ length: VOCABULARY }, (_, id) => id));
  expect(config.vocab_size).toBe(VOCABULARY);
  expect(encode('<s></s>')).toEqual([config.bos_token_id, config.eos_token_id]);
});

it('gives any text back', () => {
  for (const text of ['Where do otters live?', 'naïve café: 12,5 €\n\n  two  spaces', '狐 🦊']) {
    expect(tokenizer.decode(encode(text))).toBe(text);
  }
});

it('adds no special token of its own, so the template cannot double one', () => {
  expect(encode('otter')).toEqual(tokenizer.encode('otter', { add_special_tokens: false }).ids);
});

it("renders the prompt as an exact token prefix of the whole sample's, one <s> and one </s>", () => {
  for (const { prompt, response } of fineTuningSet(2).slice(0, 200)) {
    const user = { role: 'user', content: prompt };
    const start = encode(render([user], true));
    const whole = encode(render([user, { role: 'assistant', content: response }], false));
    expect(whole.slice(0, start.length)).toEqual(start);
    expect(whole.filter((id) => id <= config.eos_token_id)).toEqual([
      config.bos_token_id,
      config.eos_token_id,
    ]);
    expect(whole.at(-1)).toBe(config.eos_token_id);
  }
});
