import { describe, expect, it } from 'vitest';
import type { ResolvedColumns } from './columns.ts';
import type { JsonValue } from './dataset.ts';
import { toRow } from './row.ts';

const CHAT: ResolvedColumns = { kind: 'chat', messages: 'messages', label: 'label' };
const ALPACA: ResolvedColumns = {
  kind: 'text',
  prompt: ['instruction', 'input'],
  response: 'output',
  label: 'label',
};

const row = (values: Record<string, JsonValue>, columns: ResolvedColumns) =>
  toRow({ row: 3, line: 4, end: 0, content: { values: new Map(Object.entries(values)) } }, columns);
const turn = (role: string, content: JsonValue) => ({ role, content });

describe('chat turns', () => {
  it('of one user and one assistant are a row; the other columns are metadata', () => {
    const messages = [turn('user', 'hi'), turn('assistant', 'ho')];
    expect(row({ messages, label: 'x', id: 7 }, CHAT)).toEqual({
      row: 3,
      line: 4,
      prompt: 'hi',
      response: 'ho',
      label: 'x',
      metadata: { id: 7 },
    });
  });

  it('have their parts of text joined', () => {
    const parts = [
      { type: 'text', text: 'a ' },
      { type: 'text', text: 'b' },
    ];
    expect(row({ messages: [turn('user', parts), turn('assistant', 'r')] }, CHAT)).toMatchObject({
      prompt: 'a b',
    });
  });

  it.each<[string, JsonValue, RegExp]>([
    [
      'a system turn',
      [turn('system', 's'), turn('user', 'u'), turn('assistant', 'a')],
      /several turns are not supported yet.*"system", "user", "assistant"/,
    ],
    [
      'four turns',
      [turn('user', 'u'), turn('assistant', 'a'), turn('user', 'u'), turn('assistant', 'a')],
      /several turns/,
    ],
    ['no answer', [turn('user', 'u')], /there are 1/],
    ['the wrong order', [turn('assistant', 'a'), turn('user', 'u')], /several turns/],
    ['no turn', [], /there are 0/],
    ['very many turns', Array.from({ length: 5000 }, () => turn('user', 'u')), /there are 5000 \(.{1,80}…\)/],
    [
      'an image',
      [turn('user', [{ type: 'image_url', image_url: 'x' }]), turn('assistant', 'a')],
      /"image_url"/,
    ],
    [
      'no content',
      [turn('user', 'u'), { role: 'assistant', content: null, tool_calls: [] }],
      /content of the assistant turn is not text/,
    ],
    ['an empty answer', [turn('user', 'u'), turn('assistant', '')], /response is empty/],
    ['a turn without a role', [{ from: 'human', value: 'x' }], /turn 1 has no role/],
    ['text instead of turns', '[]', /not a list/],
  ])('with %s are refused with the reason', (_what, messages, reason) => {
    expect(row({ messages }, CHAT)).toEqual({
      row: 3,
      line: 4,
      reason: expect.stringMatching(reason) as unknown,
    });
  });
});

describe('text columns', () => {
  it('join instruction and input by a blank line where there is an input', () => {
    expect(row({ instruction: 'do', input: 'this', output: 'r' }, ALPACA)).toMatchObject({
      prompt: 'do\n\nthis',
      metadata: {},
    });
    for (const input of [{}, { input: '' }, { input: null }])
      expect(row({ instruction: 'do', output: 'r', ...input }, ALPACA)).toMatchObject({
        prompt: 'do',
        metadata: {},
      });
    expect(row({ instruction: 'do', input: 5, output: 'r' }, ALPACA)).toMatchObject({
      reason: expect.stringContaining('"input"') as unknown,
    });
  });

  it('take metadata of up to 64 KiB of JSON', () => {
    const values = (n: number) => ({ instruction: 'p', output: 'r', m: 'x'.repeat(n) });
    expect(row(values(65_536 - 8), ALPACA)).toHaveProperty('metadata');
    expect(row(values(65_536 - 7), ALPACA)).toHaveProperty('reason');
  });
});
