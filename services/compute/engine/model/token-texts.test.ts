import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sharedJson, sharedPath } from '../../../../test/shared.ts';
import { openModelText, requireTokenizer, type ModelText } from './model-text.ts';
import { renderSample } from './render.ts';
import { tokenTexts } from './token-texts.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';
import { createTokenizer } from './tokenizer.ts';

const stories = await openModelText(sharedPath('models/stories260K/hf'));
const smol = await openModelText(sharedPath('models/smollm2-135m-instruct'));
const tuned = await openModelText(fileURLToPath(new URL('../../../../demo/tuned', import.meta.url)));

const PROMPT = 'Does  it\n\tcost 12 €? 漢字 🙂';
const RESPONSE = ' Ça va, I\'m sure: naïve "x" 👩‍👩‍👧 \u{FEFF}end ';

function textsOf(
  text: ModelText,
  prompt = PROMPT,
  response = RESPONSE,
): { texts: string[]; promptLength: number } {
  const { inputIds, promptLength } = renderSample(
    { ...text, config: { ...text.config, maxPositions: 4096 } },
    { prompt, response },
  );
  const texts = tokenTexts(requireTokenizer(text), inputIds);
  expect(texts).toHaveLength(inputIds.length);
  return { texts, promptLength };
}

describe('the texts of tokens, joined,', () => {
  it('are the rendering of a plain SentencePiece model, without the space that its tokenizer adds', () => {
    expect(textsOf(stories).texts.join('')).toBe(`<s>[INST] ${PROMPT} [/INST]${RESPONSE}</s>`);
  });

  it('are the rendering of models with a template and byte-level tokens', () => {
    expect(textsOf(tuned).texts.join('')).toBe(`<s>Question: ${PROMPT}\nAnswer: ${RESPONSE}</s>`);
    expect(textsOf(smol).texts.join('')).toContain(
      `<|im_start|>user\n${PROMPT}<|im_end|>\n<|im_start|>assistant\n${RESPONSE}`,
    );
  });

  it('keep prompt and response apart where the ids do', () => {
    const { texts, promptLength } = textsOf(smol);
    expect(texts.slice(promptLength).join('').startsWith(RESPONSE)).toBe(true);
  });
});

describe('a character of several tokens', () => {
  it('shows whole on the last of them', () => {
    const tokenizer = requireTokenizer(stories);
    const ids = tokenizer.encode('a漢b');
    const texts = tokenTexts(tokenizer, ids);
    expect(texts.filter((text) => text !== '')).toEqual(['a', '漢', 'b']);
    expect(texts[ids.findIndex((id) => tokenizer.tokenPiece(id) === 'b') - 1]).toBe('漢');
  });

  it('shows as cut off where its last token is missing', () => {
    for (const text of [stories, tuned, smol]) {
      const tokenizer = requireTokenizer(text);
      const ids = tokenizer.encode('x🙂');
      const { eosId, eosToken } = tokenizer;
      expect(tokenTexts(tokenizer, ids.slice(0, -1)).join('')).toBe('x\u{FFFD}');
      expect(tokenTexts(tokenizer, [...ids.slice(0, -1), eosId ?? 0]).join('')).toBe(
        `x\u{FFFD}${eosToken ?? ''}`,
      );
    }
  });
});

describe('spaces', () => {
  it('stay with the token that has them, also where a text begins with one', () => {
    const tokenizer = requireTokenizer(tuned);
    const texts = tokenTexts(tokenizer, tokenizer.encode(' the cat'));
    expect(texts.join('')).toBe(' the cat');
    expect(texts[0]).toMatch(/^ /);
    const words = requireTokenizer(stories);
    expect(tokenTexts(words, words.encode('  two')).join('')).toBe('  two');
  });
});

describe('tokens with characters of the byte alphabet', () => {
  it('show as themselves when they are added tokens', async () => {
    const json = (await sharedJson('models/smollm2-135m-instruct/tokenizer.json')) as {
      added_tokens: object[];
    };
    const id = 49152;
    const added = {
      id,
      content: '<é Ġ>',
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    };
    const tokenizer = createTokenizer(
      { ...json, added_tokens: [...json.added_tokens, added] },
      4_000_000,
      parseTokenizerConfig({}),
      { vocabSize: id + 1, bosTokenId: 1, eosTokenIds: [2] },
    );
    const ids = tokenizer.encode('é<é Ġ>é');
    expect(ids).toContain(id);
    expect(tokenTexts(tokenizer, ids).join('')).toBe('é<é Ġ>é');
  });
});

describe('a long rendering', () => {
  it('takes time in proportion to its tokens', () => {
    const tokenizer = requireTokenizer(smol);
    const ids = tokenizer.encode('The quick brown fox jumps over the lazy dog. '.repeat(20_000));
    const started = performance.now();
    expect(tokenTexts(tokenizer, ids)).toHaveLength(ids.length);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
