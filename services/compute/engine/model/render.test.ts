import { describe, expect, it } from 'vitest';
import { sharedJson, sharedPath } from '../../../../test/shared.ts';
import { openModelText } from './model-text.ts';
import { renderPrompt, renderSample, renderText, type TextModel } from './render.ts';
import { parseTemplate } from './template.ts';

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly prompt: string;
    readonly response: string;
    readonly input_ids: readonly number[];
    readonly prompt_length: number;
  }[];
}

const stories = await openModelText(sharedPath('models/stories260K/hf'));
const smol = await openModelText(sharedPath('models/smollm2-135m-instruct'));
const BOS = 1;
const EOS = 2;

function withTemplate(source: string): TextModel {
  return { ...stories, template: parseTemplate(source) };
}

describe('renderSample', () => {
  it.each([
    ['stories260K', stories],
    ['smollm2-135m-instruct', smol],
  ])('gives the ids and prompt lengths that transformers gives for %s', async (name, model) => {
    const { cases } = (await sharedJson(`golden/${name}.json`)) as Golden;
    expect(cases.length).toBeGreaterThan(4);
    for (const { prompt, response, input_ids, prompt_length } of cases) {
      expect(renderSample(model, { prompt, response })).toEqual({
        inputIds: input_ids,
        promptLength: prompt_length,
        truncated: false,
      });
      expect(renderPrompt(model, prompt).slice(0, prompt_length)).toEqual(input_ids.slice(0, prompt_length));
    }
  });

  it('writes BOS once, also where the text or the template brings its own', () => {
    const bosCount = (ids: readonly number[]): number => ids.filter((id) => id === BOS).length;
    expect(bosCount(renderSample(stories, { prompt: 'Hi', response: 'Ho' }).inputIds)).toBe(1);
    const template = '{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}{{ eos_token }}';
    expect(bosCount(renderSample(withTemplate(template), { prompt: 'Hi', response: 'Ho' }).inputIds)).toBe(1);
    expect(bosCount(renderText(stories, 'Hi'))).toBe(1);
    expect(bosCount(renderText(stories, '<s>Hi'))).toBe(1);
  });

  it('cuts the tail of the response, never the prompt, and tells', () => {
    const sample = { prompt: 'Hi', response: 'Once upon a time there was a dog.' };
    const { inputIds, promptLength } = renderSample(stories, sample);
    const exact = renderSample(stories, { ...sample, maxTokens: inputIds.length });
    expect(exact).toEqual({ inputIds, promptLength, truncated: false });
    const cut = renderSample(stories, { ...sample, maxTokens: promptLength + 1 });
    expect(cut).toEqual({ inputIds: inputIds.slice(0, promptLength + 1), promptLength, truncated: true });
    const whole = renderSample(stories, { prompt: 'Hi', response: 'dog '.repeat(600) });
    expect([whole.inputIds.length, whole.truncated]).toEqual([512, true]);
  });

  it('calls a sample without a response token a bad row', () => {
    const sample = { prompt: 'Hi there', response: 'Ho' };
    const { promptLength } = renderSample(stories, sample);
    const badRow = expect.objectContaining({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('bad row') as string,
    }) as Error;
    expect(() => renderSample(stories, { ...sample, maxTokens: promptLength })).toThrow(badRow);
    expect(() => renderSample(stories, { prompt: 'dog '.repeat(600), response: 'Ho' })).toThrow(badRow);
    expect(() => renderSample(withTemplate('{{ messages[0].content }}'), sample)).toThrow(badRow);
    // An empty response still has its closing token.
    expect(renderSample(stories, { prompt: 'Hi', response: '' }).inputIds.at(-1)).toBe(EOS);
  });

  it('calls a sample whose rendering does not begin like its prompt a bad row', () => {
    const template = '{% if add_generation_prompt %}x{% else %}y{{ messages[1].content }}{% endif %}';
    const model = { ...smol, template: parseTemplate(template) };
    expect(() => renderSample(model, { prompt: 'a', response: 'b' })).toThrow(/no token in common/);
  });

  it('refuses a limit beyond the context, or that is no number of tokens', () => {
    for (const maxTokens of [0, 1, -5, 2.5, NaN, 513, Infinity]) {
      expect(() => renderSample(stories, { prompt: 'Hi', response: 'Ho', maxTokens })).toThrow(/maxTokens/);
    }
  });
});

describe('renderPrompt', () => {
  it('ends where the answer is to begin', () => {
    const ids = renderPrompt(smol, 'What is the capital of France?');
    expect(smol.tokenizer?.decode(ids).endsWith('<|im_start|>assistant\n')).toBe(true);
    expect(stories.tokenizer?.decode(renderPrompt(stories, 'Hi'))).toBe('<s> [INST] Hi [/INST]');
  });

  it('refuses a prompt that fills the context', () => {
    expect(() => renderPrompt(stories, 'dog '.repeat(600))).toThrow(
      expect.objectContaining({ code: 'PROMPT_TOO_LONG' }) as Error,
    );
  });
});

describe('renderText', () => {
  it('puts the text between BOS and EOS', () => {
    const ids = renderText(stories, 'Once upon a time');
    expect([ids[0], ids.at(-1)]).toEqual([BOS, EOS]);
    expect(stories.tokenizer?.decode(ids, { skipSpecialTokens: true })).toBe('Once upon a time');
  });
});
