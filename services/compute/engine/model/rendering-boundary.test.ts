/** Where a response begins in tokens, with tokenizers that make it hard. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from './model-config.ts';
import { openModelText } from './model-text.ts';
import { renderSample, type TextModel } from './render.ts';
import { parseTemplate } from './template.ts';
import { tokenTexts } from './token-texts.ts';
import { createTokenizer, type ModelTokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';
import { sharedPath } from '../../../../test/shared.ts';

const { config } = await openModelText(sharedPath('models/stories260K/hf'));

/** A tokenizer of test/fixtures/tokenizers. */
function fixture(file: string, name: string, settings: object): ModelTokenizer {
  const url = new URL(`../../../../test/fixtures/tokenizers/${file}.json`, import.meta.url);
  const { model, variants } = JSON.parse(readFileSync(url, 'utf8')) as {
    model: object;
    variants: { name: string; model: object }[];
  };
  const variant = variants.find((one) => one.name === name);
  const json = { ...variant, model: { ...model, ...variant?.model } };
  const sizes: Pick<ModelConfig, 'vocabSize' | 'bosTokenId' | 'eosTokenIds'> = {
    ...{ vocabSize: 1000, bosTokenId: null, eosTokenIds: [] },
  };
  return createTokenizer(json, 1 << 16, parseTokenizerConfig(settings), sizes);
}

function modelWith(tokenizer: ModelTokenizer, template: string | null): TextModel {
  return { path: 'fixture', config, tokenizer, template: template === null ? null : parseTemplate(template) };
}

const llama3 = fixture('byte-level', 'Llama 3', { bos_token: '<s>', eos_token: '</s>' });
/** Writes nothing between prompt and response. */
const BARE =
  '{{ bos_token }}{% for m in messages %}{{ m.content }}{% if m.role == "assistant" %}{{ eos_token }}{% endif %}{% endfor %}';

describe('a template that writes BOS, with a tokenizer whose post-processor adds one,', () => {
  it('gives one BOS', () => {
    expect(llama3.encode('a', { addSpecialTokens: true })[0]).toBe(llama3.bosId);
    const { inputIds } = renderSample(modelWith(llama3, BARE), { prompt: 'the dog', response: ' runs' });
    expect(inputIds.filter((id) => id === llama3.bosId)).toHaveLength(1);
    expect(inputIds[0]).toBe(llama3.bosId);
  });

  it('gives one BOS without a template, too, also where the prompt writes its own', () => {
    const { inputIds } = renderSample(modelWith(llama3, null), { prompt: 'the dog', response: ' runs' });
    expect(inputIds.filter((id) => id === llama3.bosId)).toHaveLength(1);
  });
});

describe('tokens that merge across the boundary', () => {
  it('belong to the response: it begins where the ids of the whole part from those of the prompt', () => {
    const tokens = (text: string): number[] => llama3.encode(text);
    // "the" and "the" + "re" are tokens of their own, so the prompt's last token is not in the whole.
    expect(tokens(' the')).toHaveLength(1);
    expect(tokens(' there')).toHaveLength(1);
    const model = modelWith(llama3, BARE);
    const { inputIds, promptLength } = renderSample(model, { prompt: 'all the', response: 're you are' });
    expect(promptLength).toBe(1 + tokens('all').length);
    const texts = tokenTexts(llama3, inputIds);
    expect(texts.slice(0, promptLength).join('')).toBe('<s>all');
    expect(texts.slice(promptLength).join('')).toBe(' there you are</s>');
  });

  it('stay with the prompt where nothing merges', () => {
    const model = modelWith(llama3, BARE);
    const { inputIds, promptLength } = renderSample(model, { prompt: 'all the', response: ' dogs' });
    const texts = tokenTexts(llama3, inputIds);
    expect(texts.slice(0, promptLength).join('')).toBe('<s>all the');
    expect(texts.slice(promptLength).join('')).toBe(' dogs</s>');
  });
});

describe('the closing token', () => {
  it('is part of the response, with a template and without', () => {
    for (const template of [BARE, null]) {
      const { inputIds } = renderSample(modelWith(llama3, template), { prompt: 'Hi', response: ' you' });
      expect(inputIds.at(-1)).toBe(llama3.eosId);
    }
  });

  it('is written by the template, with what follows it there', () => {
    const chat =
      '{% for m in messages %}<|user|>{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|user|>{% endif %}';
    const phi3 = fixture('sentencepiece-bpe', 'Phi-3', { bos_token: '<s>', eos_token: '</s>' });
    const { inputIds, promptLength } = renderSample(modelWith(phi3, chat), { prompt: 'Hi', response: 'you' });
    const texts = tokenTexts(phi3, inputIds);
    // These tokens take the line break after them.
    expect(texts.join('')).toBe('<|user|>Hi<|end|><|user|>you<|end|>');
    expect(texts.slice(promptLength).join('')).toBe('you<|end|>');
  });
});

describe('words without spelled spaces (WordPiece)', () => {
  it('show with one space between them', () => {
    const bert = fixture('wordpiece', 'BERT, uncased', { bos_token: '[CLS]', eos_token: '[SEP]' });
    const { inputIds } = renderSample(modelWith(bert, null), { prompt: 'The dog', response: ' Runs' });
    expect(tokenTexts(bert, inputIds).join('')).toBe('[CLS][ inst ] the dog [ / inst ] runs[SEP]');
  });
});
