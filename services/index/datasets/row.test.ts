import { describe, expect, it } from 'vitest';
import type { ResolvedColumns } from './columns.ts';
import type { JsonValue } from './dataset.ts';
import { toRows } from './row.ts';

const CHAT: ResolvedColumns = { kind: 'chat', messages: 'messages', turns: 'last', label: 'label' };
const ALL: ResolvedColumns = { ...CHAT, turns: 'all' };
const PLAIN: ResolvedColumns = { kind: 'plain', text: 'text', window: 64, label: 'label' };
const ALPACA: ResolvedColumns = {
  kind: 'text',
  prompt: ['instruction', 'input'],
  response: 'output',
  label: 'label',
};

const rows = (values: Record<string, JsonValue>, columns: ResolvedColumns, first?: number) => [
  ...toRows(
    { row: 3, line: 4, end: 0, content: { values: new Map(Object.entries(values)) } },
    columns,
    first,
  ),
];
/** Of a record that is one. */
const row = (values: Record<string, JsonValue>, columns: ResolvedColumns) => {
  const [only, ...others] = rows(values, columns);
  expect(others).toEqual([]);
  return only;
};
const turn = (role: string, content: JsonValue) => ({ role, content });
const TALK = [
  turn('system', 's'),
  turn('user', 'u1'),
  turn('assistant', 'a1'),
  turn('user', 'u2'),
  turn('assistant', 'a2'),
];

describe('chat turns', () => {
  it('of one user and one assistant are a row; the other columns are metadata', () => {
    const messages = [turn('user', 'hi'), turn('assistant', 'ho')];
    expect(row({ messages, label: 'x', id: 7 }, CHAT)).toEqual({
      ...{ row: 3, line: 4, sourceRow: 3, part: null },
      ...{ context: [], prompt: 'hi', response: 'ho', raw: null },
      label: 'x',
      metadata: { id: 7 },
    });
  });

  it('give the last assistant turn, with what stands before its prompt; what follows it is left out', () => {
    const messages = [...TALK, turn('user', 'u3')];
    expect(row({ messages }, CHAT)).toMatchObject({
      ...{ row: 3, part: null, prompt: 'u2', response: 'a2' },
      context: [turn('system', 's'), turn('user', 'u1'), turn('assistant', 'a1')],
    });
  });

  it('give every assistant turn where all are asked for, numbered from where the samples are', () => {
    expect(rows({ messages: TALK, label: 'x', id: 7 }, ALL, 10)).toEqual([
      {
        ...{ row: 10, line: 4, sourceRow: 3, part: 0, label: 'x', metadata: { id: 7 } },
        ...{ context: [turn('system', 's')], prompt: 'u1', response: 'a1', raw: null },
      },
      {
        ...{ row: 11, line: 4, sourceRow: 3, part: 1, label: 'x', metadata: { id: 7 } },
        context: [turn('system', 's'), turn('user', 'u1'), turn('assistant', 'a1')],
        ...{ prompt: 'u2', response: 'a2', raw: null },
      },
    ]);
  });

  it('of which one cannot be used cost that one alone', () => {
    const messages = [
      turn('assistant', 'Welcome!'),
      turn('user', 'u'),
      turn('assistant', ''),
      turn('user', 'v'),
      turn('assistant', 'a'),
    ];
    expect(rows({ messages }, ALL, 0)).toMatchObject([
      {
        row: 0,
        part: 0,
        reason: expect.stringMatching(/turn 1, the assistant's, does not follow/) as unknown,
      },
      { row: 1, part: 1, reason: 'the response is empty (turn 3)' },
      { row: 2, part: 2, prompt: 'v', response: 'a' },
    ]);
    expect(row({ messages }, CHAT)).toMatchObject({ prompt: 'v', response: 'a' });
  });

  it('are read as ShareGPT writes them', () => {
    const said = (from: string, value: string) => ({ from, value });
    const messages = [said('system', 's'), said('human', 'u'), said('gpt', 'a')];
    expect(row({ messages }, CHAT)).toMatchObject({
      context: [turn('system', 's')],
      ...{ prompt: 'u', response: 'a' },
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

  it('may have keys with nothing in them, as tables give them', () => {
    const messages = TALK.map((one) => ({ ...one, tool_calls: null, function_call: [], name: null }));
    expect(row({ messages }, CHAT)).toMatchObject({ response: 'a2' });
  });

  it('that were not learnt from are no samples, and stay in the context of others', () => {
    const unlearnt = { ...turn('assistant', 'a3'), weight: 0 };
    const [system, first, , second, learnt] = TALK;
    const messages = [system, first, unlearnt, second, { ...learnt, weight: 1 }, first, unlearnt];
    const sample = { prompt: 'u2', response: 'a2' };
    for (const columns of [CHAT, ALL]) {
      const found = rows({ messages }, columns, 0);
      expect(found).toMatchObject([
        { ...sample, context: [turn('system', 's'), turn('user', 'u1'), turn('assistant', 'a3')] },
      ]);
    }
    expect(row({ messages: [turn('user', 'u'), unlearnt] }, CHAT)).toMatchObject({
      reason: 'every turn of the assistant has the weight 0',
    });
  });

  it.each<[JsonValue, boolean]>([
    [[{ type: 'function' }], false],
    ['[{"type": "function"}]', false],
    [[], true],
    ['[]', true],
    [null, true],
  ])('of a row with the tools %j are read: %s', (tools, isRead) => {
    for (const name of ['tools', 'functions']) {
      expect(row({ messages: TALK, [name]: tools }, CHAT)).toMatchObject(
        isRead ? { response: 'a2' } : { reason: `the chat has "${name}", which cannot be rendered` },
      );
    }
  });

  it.each<[string, JsonValue, RegExp]>([
    [
      'a turn of a tool',
      [...TALK, turn('tool', '{}')],
      /turn 6 has the role "tool", which cannot be rendered/,
    ],
    ['a turn of a function', [turn('function', 'f'), ...TALK], /turn 1 has the role "function"/],
    [
      'a call of a tool',
      [turn('user', 'u'), { ...turn('assistant', 'a'), tool_calls: [{ id: 'x' }] }],
      /turn 2 has "tool_calls"/,
    ],
    ['no answer', [turn('user', 'u')], /no turn is the assistant's/],
    [
      'the wrong order',
      [turn('assistant', 'a'), turn('user', 'u')],
      /turn 1, the assistant's, does not follow/,
    ],
    ['an answer to a system turn', [turn('system', 's'), turn('assistant', 'a')], /turn 2, the assistant's/],
    ['no turn', [], /no turn is the assistant's/],
    ['very many turns', Array.from({ length: 5000 }, () => turn('user', 'u')), /5000 turns/],
    [
      'an image',
      [turn('user', [{ type: 'image_url', image_url: 'x' }]), turn('assistant', 'a')],
      /turn 1\) has a part of type "image_url"/,
    ],
    [
      'no content',
      [turn('user', 'u'), { role: 'assistant', content: null, tool_calls: [] }],
      /content of the assistant turn \(turn 2\) is not text/,
    ],
    ['an empty answer', [turn('user', 'u'), turn('assistant', '')], /response is empty/],
    ['a turn without a role', [{ who: 'human', value: 'x' }], /turn 1 has no role/],
    ['text instead of turns', 'u: hello', /not a list/],
    ['a list that is not JSON', "[{'role': 'user'}]", /text that is not JSON/],
    ['no turn, as text', '[]', /no turn is the assistant's/],
  ])('with %s are refused with the reason', (_what, messages, reason) => {
    expect(row({ messages }, CHAT)).toEqual({
      ...{ row: 3, line: 4, sourceRow: 3, part: null },
      reason: expect.stringMatching(reason) as unknown,
    });
  });

  it('with a turn that cannot be read lose only the samples that need it, where all are asked for', () => {
    const calls = { ...turn('assistant', null), tool_calls: [{ id: 'x' }] };
    const messages = [...TALK, turn('user', 'u3'), calls, turn('tool', '{}'), turn('assistant', 'a3')];
    const reason = 'turn 7 has "tool_calls", which cannot be rendered';
    expect(rows({ messages }, ALL, 0)).toMatchObject([
      { row: 0, part: 0, prompt: 'u1', response: 'a1' },
      { row: 1, part: 1, prompt: 'u2', response: 'a2', context: TALK.slice(0, 3) },
      { row: 2, part: 2, reason },
      { row: 3, part: 3, reason },
    ]);
    expect(row({ messages }, CHAT)).toMatchObject({ part: null, reason });
    expect(rows({ messages: [...TALK, turn('tool', 'x')] }, ALL, 0)).toMatchObject([
      { response: 'a1' },
      { response: 'a2' },
    ]);
  });

  it('of which no sample would be left are one bad row', () => {
    for (const messages of [[turn('tool', 'x'), ...TALK], [{ who: 'human' }], 5])
      expect(row({ messages }, ALL)).toMatchObject({ row: 3, reason: expect.any(String) as unknown });
  });

  it('of a developer are the system’s', () => {
    const messages = [turn('developer', 's'), turn('user', 'u'), turn('assistant', 'a')];
    expect(row({ messages }, CHAT)).toMatchObject({ context: [turn('system', 's')], prompt: 'u' });
  });

  it('may be given as JSON in a text, within the bounds of JSON lines', () => {
    const messages = ` ${JSON.stringify(TALK)}`;
    expect(row({ messages, id: 7 }, CHAT)).toEqual(row({ messages: TALK, id: 7 }, CHAT));
    expect(rows({ messages }, ALL)).toHaveLength(2);
    for (const bad of ['['.repeat(20) + ']'.repeat(20), '[{"role":"user","role":"user","content":"x"}]'])
      expect(row({ messages: bad }, CHAT)).toMatchObject({
        reason: expect.stringMatching(/levels of nesting|a key is given twice/) as unknown,
      });
  });
});

describe('prompt and response as lists of turns', () => {
  const TRL: ResolvedColumns = { kind: 'text', prompt: ['prompt'], response: 'completion', label: 'label' };
  const asked = [turn('system', 's'), turn('user', 'u0'), turn('assistant', 'a0'), turn('user', 'u')];
  const sample = { context: asked.slice(0, 3), prompt: 'u', response: 'a', raw: null };

  it('are a chat whose sample is the response', () => {
    expect(row({ prompt: asked, completion: [turn('assistant', 'a')], id: 7 }, TRL)).toEqual({
      ...{ row: 3, line: 4, sourceRow: 3, part: null, label: null, metadata: { id: 7 } },
      ...sample,
    });
    expect(row({ prompt: asked, completion: 'a' }, TRL)).toMatchObject(sample);
    expect(row({ prompt: 'u', completion: [turn('assistant', 'a')] }, TRL)).toMatchObject({
      ...{ context: [], prompt: 'u', response: 'a' },
    });
  });

  it.each<[string, JsonValue, JsonValue, RegExp]>([
    [
      'a whole chat as the response',
      'u',
      [turn('user', 'u'), turn('assistant', 'a')],
      /name it as the column/,
    ],
    ['an empty response', asked, [], /does not begin with a turn of the assistant/],
    [
      'a response that was not learnt from',
      asked,
      [{ ...turn('assistant', 'a'), weight: 0 }],
      /the weight 0/,
    ],
    ['a call of a tool', asked, [{ ...turn('assistant', ''), tool_calls: [1] }], /turn 5 has "tool_calls"/],
    ['lists of texts', 'u', ['a', 'b'], /the column "completion" holds a list, not text/],
  ])('with %s are refused with the reason', (_what, prompt, completion, reason) => {
    expect(row({ prompt, completion }, TRL)).toMatchObject({
      reason: expect.stringMatching(reason) as unknown,
    });
  });

  it('are refused with the tools of their row', () => {
    expect(row({ prompt: asked, completion: 'a', tools: [1] }, TRL)).toMatchObject({
      reason: expect.stringMatching(/"tools"/) as unknown,
    });
  });
});

describe('plain text', () => {
  it('is cut into windows, whose halves joined are the text', () => {
    const text = 'It rained, and the wind was cold that day. '.repeat(8);
    const found = rows({ text, label: 'x', id: 7 }, PLAIN, 5);
    expect(found.length).toBeGreaterThan(4);
    expect(found.map((one) => ('raw' in one ? one.prompt + one.response : '')).join('')).toBe(text);
    found.forEach((one, part) => {
      expect(one).toMatchObject({
        ...{ row: 5 + part, line: 4, sourceRow: 3, part, context: [], label: 'x', metadata: { id: 7 } },
        raw: part === found.length - 1 ? 'last' : 'inner',
      });
    });
  });

  it('of fewer than two words is a bad row', () => {
    for (const text of ['', ' \n', 'word', ' word '])
      expect(row({ text }, PLAIN)).toMatchObject({ reason: 'the text has fewer than two words' });
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
