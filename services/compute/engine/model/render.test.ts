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

/** Ids and prompt lengths by transformers 5.23's apply_chat_template, of the whole and of what comes before the answer. */
describe('turns before the prompt', () => {
  const system = { role: 'system', content: 'You answer in one word.' } as const;
  const turns = [
    { role: 'user', content: 'Name a colour.' },
    { role: 'assistant', content: 'Blue.' },
  ] as const;
  const last = { prompt: 'And another?', response: 'Green, like grass.' };
  const opening = [1, 9690, 198, 2683];
  const talk = [
    ...[1, 4093, 198, 5820, 253, 7302, 30, 2, 198, 1, 520, 9531, 198, 23390, 30, 2, 198, 1, 4093, 198, 3528],
    ...[1372, 47, 2, 198, 1, 520, 9531, 198, 15420, 28, 702, 5372, 30, 2, 198],
  ];
  const byDefault = [
    ...[359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712, 8182, 2, 198],
  ];
  const asked = [2988, 281, 582, 2229, 30, 2, 198];

  it.each([
    ['several', turns, [...opening, ...byDefault, ...talk], 50],
    ['a system turn among them', [system, ...turns], [...opening, ...asked, ...talk], 40],
  ])('are rendered as transformers does: %s', (_what, context, inputIds, promptLength) => {
    expect(renderSample(smol, { context, ...last })).toEqual({ inputIds, promptLength, truncated: false });
    expect(renderPrompt(smol, last.prompt, context)).toEqual(inputIds.slice(0, promptLength));
  });

  it('may be a system turn alone', () => {
    const sample = { context: [system], prompt: 'Name a colour.', response: 'Blue.' };
    const inputIds = [...opening, ...asked, ...talk.slice(0, 17)];
    expect(renderSample(smol, sample)).toEqual({ inputIds, promptLength: 24, truncated: false });
  });

  it('are a bad row for a model without a template, and for one whose template refuses them', () => {
    expect(() => renderSample(stories, { context: turns, ...last })).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(/bad row: 2 turns come before its prompt.*no chat template/) as string,
      }) as Error,
    );
    expect(() => renderPrompt(stories, 'Hi', [system])).toThrow(/1 turn comes before/);
    const strict =
      "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
      '{{ messages[0].content }}';
    expect(() => renderSample(withTemplate(strict), { context: [system], ...last })).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE_INVALID',
        message: expect.stringContaining('System role not supported') as string,
      }) as Error,
    );
  });
});

describe('a window of plain text', () => {
  it('is itself: BOS where the tokenizer adds one, no template, EOS where the text ends', () => {
    const window = { prompt: 'Once upon', response: ' a time', raw: 'inner' } as const;
    const text = renderText(stories, 'Once upon a time');
    expect(text.at(-1)).toBe(EOS);
    const inner = renderSample(stories, window);
    expect(inner.inputIds).toEqual(text.slice(0, -1));
    expect(stories.tokenizer?.decode(inner.inputIds.slice(0, inner.promptLength))).toBe('<s> Once upon');
    expect(renderSample(stories, { ...window, raw: 'last' })).toEqual({ ...inner, inputIds: text });
    // The ids are transformers'.
    const { inputIds, promptLength } = renderSample(smol, window);
    expect([inputIds.slice(-4), inputIds.length - promptLength]).toEqual([[6403, 1980, 253, 655], 2]);
  });

  it('has its boundary where tokens part, also where they merge across it', () => {
    const { inputIds, promptLength } = renderSample(smol, {
      prompt: 'Once up',
      response: 'on a time',
      raw: 'inner',
    });
    expect([inputIds.slice(-4), inputIds.length - promptLength]).toEqual([[6403, 1980, 253, 655], 3]);
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
