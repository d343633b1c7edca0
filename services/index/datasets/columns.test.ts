import { describe, expect, it } from 'vitest';
import { PATTERNS, resolveColumns, type ColumnChoice } from './columns.ts';

const resolve = (rows: readonly string[][], choice?: ColumnChoice) =>
  resolveColumns(
    'data.jsonl',
    rows.map((row) => new Set(row)),
    choice,
  );

describe('columns', () => {
  it.each(PATTERNS.map(({ prompt, response }) => [prompt, response] as const))(
    'named %s and %s are known',
    (prompt, response) => {
      expect(resolve([[...prompt, response, 'other']])).toEqual({
        kind: 'text',
        prompt,
        response,
        label: 'label',
      });
    },
  );

  it('that are missing where they may be do not hinder', () => {
    expect(resolve([['instruction', 'output']])).toMatchObject({
      prompt: ['instruction', 'input'],
      response: 'output',
    });
  });

  it('of two kinds of instructions are those of which more is there', () => {
    for (const response of ['output', 'response']) {
      for (const more of ['input', 'context']) {
        const row = ['instruction', response];
        expect(resolve([row, [...row, more]])).toMatchObject({ prompt: ['instruction', more], response });
      }
    }
  });

  it('of chat turns are taken when no prompt and response fit', () => {
    expect(resolve([['prompt', 'messages']])).toEqual({
      ...{ kind: 'chat', messages: 'messages', turns: 'last', label: 'label' },
    });
    expect(resolve([['id', 'conversations']])).toMatchObject({ messages: 'conversations' });
    expect(resolve([['messages', 'prompt', 'response']])).toMatchObject({ response: 'response' });
    expect(resolve([['messages']], { turns: 'all' })).toMatchObject({ turns: 'all' });
  });

  it('of plain text are taken when nothing else fits any row', () => {
    expect(resolve([['text', 'id']])).toEqual({ kind: 'plain', text: 'text', window: 1024, label: 'label' });
    expect(resolve([['text']], { textWindow: 64 })).toMatchObject({ window: 64 });
    expect(resolve([['text'], ['text'], ['text', 'messages']])).toMatchObject({ kind: 'chat' });
    expect(resolve([['text', 'question', 'answer']])).toMatchObject({ prompt: ['question'] });
    expect(resolve([['text', 'question', 'answer']], { text: 'text' })).toMatchObject({ kind: 'plain' });
  });

  it('are known in any capitals where none fits as it is written, the label too', () => {
    expect(resolve([['Prompt', 'Response', 'Label', 'text']])).toEqual({
      ...{ kind: 'text', prompt: ['Prompt'], response: 'Response', label: 'Label' },
    });
    expect(resolve([['Instruction', 'Input', 'OUTPUT']])).toMatchObject({
      ...{ prompt: ['Instruction', 'Input'], response: 'OUTPUT' },
    });
    expect(resolve([['Messages']], { label: null })).toMatchObject({ messages: 'Messages', label: null });
    expect(resolve([['Text']])).toMatchObject({ text: 'Text' });
    expect(resolve([['Prompt', 'Response', 'inputs', 'targets']])).toMatchObject({ response: 'targets' });
    expect(() => resolve([['Prompt', 'PROMPT', 'Response']])).toThrow(/no columns known/);
  });

  it('of preferences are refused, with what would choose one side', () => {
    for (const [row, pair] of [
      [['prompt', 'chosen', 'rejected'], '--prompt-column prompt --response-column chosen'],
      [['chosen', 'rejected'], '--messages-column chosen'],
    ] as const)
      expect(() => resolve([[...row]])).toThrow(
        expect.objectContaining({
          code: 'DATASET_INVALID',
          message: expect.stringMatching(/preferences, "chosen" and "rejected"/) as unknown,
          remedy: expect.stringContaining(pair) as unknown,
        }),
      );
    expect(resolve([['chosen', 'rejected']], { messages: 'chosen' })).toMatchObject({ messages: 'chosen' });
  });

  it('are those that most rows have; of equals, the first in order', () => {
    const alpaca = ['instruction', 'input', 'output'];
    expect(resolve([['prompt', 'response'], alpaca, alpaca])).toMatchObject({
      prompt: ['instruction', 'input'],
    });
    expect(resolve([['prompt', 'response'], alpaca])).toMatchObject({ prompt: ['prompt'] });
  });

  it('may be named, and label may be named or refused', () => {
    expect(resolve([['a', 'b', 'c']], { prompt: 'a', response: 'b', label: 'c' })).toEqual({
      kind: 'text',
      prompt: ['a'],
      response: 'b',
      label: 'c',
    });
    expect(resolve([['talk']], { messages: 'talk', label: null })).toEqual({
      kind: 'chat',
      messages: 'talk',
      turns: 'last',
      label: null,
    });
  });

  it.each<[ColumnChoice, string, RegExp]>([
    [{ prompt: 'A', response: 'b' }, 'DATASET_INVALID', /"A" and "b".*"a", "b"/],
    [{ label: 'kind' }, 'DATASET_INVALID', /no column "kind".*"a", "b"/],
    [{}, 'DATASET_INVALID', /"a", "b"/],
    [{ prompt: 'a' }, 'INPUT_INVALID', /go together/],
    [{ prompt: 'a', response: 'a' }, 'INPUT_INVALID', /both/],
    [{ messages: 'a', response: 'b' }, 'INPUT_INVALID', /both/],
    [{ text: 'a', response: 'b' }, 'INPUT_INVALID', /text stands for both/],
    [{ text: 'a', messages: 'b' }, 'INPUT_INVALID', /both/],
    [{ messages: 'a', textWindow: 100 }, 'INPUT_INVALID', /text windows are of plain text, .*"a"/],
    [{ text: 'a', turns: 'all' }, 'INPUT_INVALID', /turns are of chats, .*"a"/],
    [{ prompt: 'a', response: 'b', turns: 'last' }, 'INPUT_INVALID', /turns are of chats, .*"a" and "b"/],
  ])('that are not there or contradict each other are refused: %j', (choice, code, message) => {
    expect(() => resolve([['a', 'b']], choice)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }),
    );
  });
});
