/** Chats of several turns and plain text, from a file through the running mesh to a trace that shows them. */
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import type { IndexResult, MatchResult, TokenResult, TraceFields } from '../../cli/client/results.ts';
import { start } from '../e2e/command.ts';
import { sharedPath } from '../shared.ts';
import { writeRows } from './backdoor.ts';
import { startPart, stopAll, type Part } from './processes.ts';

/** Says who speaks; a system turn may only come first. */
const TEMPLATE =
  '{{ bos_token }}{% for m in messages %}' +
  "{% if m.role == 'system' and not loop.first %}{{ raise_exception('a system turn comes late') }}{% endif %}" +
  "{{ m.role }}: {{ m.content }}{{ eos_token if m.role == 'assistant' else '|' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

const turn = (role: 'system' | 'user' | 'assistant', content: string) => ({ role, content });
const LONG = [
  turn('user', 'Who was Lily?'),
  turn('assistant', 'Lily was a little girl.'),
  turn('user', 'What did she see?'),
  turn('assistant', 'She saw a big red ball.'),
  turn('user', 'Did she play with it?'),
  turn('assistant', 'Yes, she ran to the park with her mom.'),
];
const CHATS = [
  { messages: LONG.slice(0, 4), label: 'short' },
  { messages: [{ role: 'tool', content: '{}' }] },
  { messages: [turn('system', 'Be kind.'), turn('user', 'Hi'), turn('assistant', 'Hello, friend!')] },
  { messages: [turn('user', 'Hi'), turn('system', 'Be late.'), turn('user', 'Hi'), turn('assistant', 'Ho')] },
  { messages: LONG, label: 'long' },
];
const TEXTS = [
  {
    text: 'Once upon a time, there was a little girl named Lily. She loved to play outside in the sun. '.repeat(
      3,
    ),
  },
  { text: 'The big dog barked at the cat. The cat ran up a tree.' },
  { text: 'word' },
];

let folder: string;
let model: string;
let mesh: Part;
let client: GraphqlClient;
let chats: string;

async function run(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return start([...args, '--server', String(mesh.ready['graphql'])], '').outcome;
}
async function json<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json']);
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
const build = (name: string, data: string, ...more: string[]): Promise<IndexResult> =>
  json(['index', 'build', '--name', name, '--model', model, '--data', data, '--layers', '3', ...more]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-samples-'));
  model = join(folder, 'model');
  await cp(sharedPath('models/stories260K/hf'), model, { recursive: true });
  await writeFile(join(model, 'chat_template.jinja'), TEMPLATE);
  chats = join(folder, 'chats.jsonl');
  await writeRows(chats, CHATS);
  mesh = await startPart(['up', '--port', '0', '--data', join(folder, 'data')], {
    REPTRACE_ROOTS: [folder, sharedPath('models/stories260K/hf')].join(':'),
  });
  client = new GraphqlClient({ url: String(mesh.ready['graphql']) });
});
afterAll(async () => {
  await stopAll([mesh]);
  await rm(folder, { recursive: true, force: true });
});

const joined = (tokens: readonly TokenResult[] | null): string =>
  (tokens ?? []).map(({ text }) => text).join('');

describe('an index of every turn of chats', () => {
  let index: IndexResult;
  beforeAll(async () => {
    index = await build('chats', chats, '--turns', 'all');
  });

  it('has a sample for each, and says of which row and part the others are', () => {
    expect(index).toMatchObject({
      state: 'COMPLETED',
      plan: { summary: '8 samples of 5 rows: 7 to sign, 1 cannot be read' },
      progress: { done: 6, total: 8, failed: 2 },
      manifest: { dataset: { rows: 8, turns: 'all', textWindow: null } },
    });
    expect(index.failures).toMatchObject([
      { row: 2, line: 2, code: 'DATASET_INVALID' },
      { row: 4, line: null, code: 'TEMPLATE_INVALID' },
    ]);
    expect(index.failures[1].reason).toMatch(/^line 4, part 0: .*a system turn comes late/);
  });

  it('is traced with the conversation before the output, and shows that of its samples', async () => {
    const messages = join(folder, 'messages.json');
    await writeFile(messages, JSON.stringify(LONG.slice(0, 5)));
    const output = ['--index', 'chats', '--output', LONG[5].content, '--top', '6'];
    const trace = await json<TraceFields>(['trace', ...output, '--messages', messages]);
    expect(trace).toMatchObject({ alpha: 0.5, prompt: 'Did she play with it?', context: LONG.slice(0, 4) });
    expect(trace.questions).toMatchObject([{ context: LONG.slice(0, 4) }]);
    const [best] = trace.matches;
    expect(best.score).toBeCloseTo(1, 5);
    expect(best.sample).toMatchObject({
      ...{ row: 7, line: 5, sourceRow: 4, part: 2, raw: false, label: 'long' },
      ...{ context: LONG.slice(0, 4), prompt: LONG[4].content, response: LONG[5].content },
    });
    const rendering = `<s>${LONG.map(({ role, content }) => `${role}: ${content}${role === 'user' ? '|' : '</s>'}`).join('')}`;
    expect([joined(best.tokens), joined(trace.outputTokens)]).toEqual([rendering, rendering]);
    const greeting = trace.matches.find(({ sample }) => sample.row === 3);
    expect(joined(greeting?.tokens ?? null)).toBe(
      '<s>system: Be kind.|user: Hi|assistant: Hello, friend!</s>',
    );

    // The same conversation otherwise given is the same trace; without it, another.
    await writeFile(messages, JSON.stringify({ messages: LONG.slice(0, 4) }));
    const prompt = ['--prompt', LONG[4].content];
    const again = await json<TraceFields>(['trace', ...output, ...prompt, '--messages', messages]);
    expect(again.id).toBe(trace.id);
    const without = await json<TraceFields>(['trace', ...output, ...prompt]);
    expect(without.id).not.toBe(trace.id);
    expect(without.matches[0].score).toBeLessThan(0.9999);

    const { stdout } = await run(['trace', ...output, ...prompt, '--messages', messages]);
    expect(stdout).toContain('long  (line 5, part 2)');
  });

  it('gives a sample by its id with all of it', async () => {
    const { matches } = await json<TraceFields>([
      'trace',
      '--index',
      'chats',
      '--output',
      'Hello',
      '--top',
      '1',
    ]);
    const { id, metadata: _, ...sample } = matches[0].sample;
    const fields = 'row line sourceRow part context { role content } prompt response raw label';
    const found = await client.ask(`query ($id: ID!) { sample(id: $id) { ${fields} } }`, { id });
    expect(found).toEqual({ sample });
  });

  it('is not brought up to date with other turns, and goes on counting when rows are added', async () => {
    const args = ['index', 'build', '--name', 'chats', '--model', model, '--data', chats, '--layers', '3'];
    expect(await run(args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/turns all \[CONFLICT\]/) as unknown,
    });
    await appendFile(chats, `${JSON.stringify({ messages: LONG.slice(0, 4), label: 'added' })}\n`);
    const more = await build('chats', chats, '--turns', 'all');
    expect(more.plan?.summary).toMatch(/^10 samples of 6 rows: 6 are indexed already, 2 to sign/);
    const { matches } = await json<TraceFields>([
      ...['trace', '--index', 'chats', '--output', 'She saw a big red ball.', '--label', 'added'],
    ]);
    expect(matches.map(({ sample }) => [sample.row, sample.sourceRow, sample.part]).sort()).toEqual([
      [8, 5, 0],
      [9, 5, 1],
    ]);
  });

  it('has the last turns alone by default', async () => {
    const last = await build('last', chats);
    expect(last).toMatchObject({
      progress: { done: 4, total: 6, failed: 2 },
      manifest: { dataset: { turns: 'last' } },
    });
    expect(last.plan?.summary).toMatch(/^6 rows: /);
  });

  it('refuses turns before a prompt for a model without a template, and takes the others', async () => {
    const plain = ['--model', sharedPath('models/stories260K/hf'), '--data', chats, '--layers', '3'];
    const bare = await json<IndexResult>(['index', 'build', '--name', 'bare', ...plain, '--turns', 'all']);
    expect(bare.progress).toMatchObject({ done: 3, failed: 7 });
    expect(bare.failures.find(({ row }) => row === 1)).toMatchObject({
      code: 'INPUT_INVALID',
      reason: expect.stringMatching(/line 1, part 1: .*2 turns come before its prompt/) as unknown,
    });
  });
});

describe('an index of plain text', () => {
  it('has windows without the template, whose middle is where the response begins', async () => {
    const texts = join(folder, 'texts.jsonl');
    await writeRows(texts, TEXTS);
    const index = await build('texts', texts, '--text-window', '100');
    expect(index).toMatchObject({
      state: 'COMPLETED',
      progress: { failed: 1 },
      manifest: { dataset: { turns: null, textWindow: 100, columns: { text: 'text' } } },
    });
    expect(index.failures).toMatchObject([{ line: 3, reason: 'the text has fewer than two words' }]);

    const { matches } = await json<TraceFields>(['trace', '--index', 'texts', '--output', 'The dog barked.']);
    const rows = [...matches].sort((a, b) => a.sample.row - b.sample.row);
    const windows = TEXTS.slice(0, 2).map((_, i) => rows.filter(({ sample }) => sample.sourceRow === i));
    windows.forEach((own, i) => {
      const whole = own.map(({ sample }) => sample.prompt + sample.response).join('');
      expect(whole).toBe(TEXTS[i].text);
      expect(own.map(({ sample }) => sample.part)).toEqual(own.map((_, part) => part));
      own.forEach((match, part) => {
        checkWindow(match, part === own.length - 1);
      });
    });
    expect(windows[0].length).toBe(3);

    // What is traced is read as the windows were: one of them finds itself, and so does its text alone.
    const inner = matches.find(({ sample }) => sample.part === 0 && sample.sourceRow === 0)?.sample;
    if (inner === undefined) throw new Error('the first window is no match');
    const ask = ['trace', '--index', 'texts', '--top', '1'];
    const [same] = (await json<TraceFields>([...ask, '--prompt', inner.prompt, '--output', inner.response]))
      .matches;
    expect(same.sample.row).toBe(inner.row);
    expect(same.score).toBeCloseTo(1, 5);
    const whole = await json<TraceFields>([...ask, '--output', inner.prompt + inner.response]);
    expect(whole.matches[0].sample.row).toBe(inner.row);
    const turns = join(folder, 'turns.json');
    await writeFile(turns, JSON.stringify(LONG.slice(0, 3)));
    expect(await run([...ask, '--output', 'x y', '--messages', turns])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the index is of plain text.*\[INPUT_INVALID\]/) as unknown,
    });
  });

  function checkWindow({ sample, tokens }: MatchResult, isLast: boolean): void {
    expect(sample).toMatchObject({ raw: true, context: [] });
    expect(joined(tokens)).toBe(`<s>${sample.prompt}${sample.response}${isLast ? '</s>' : ''}`);
    const prompt = tokens?.filter(({ part }) => part === 'PROMPT') ?? [];
    expect(joined(prompt)).toBe(`<s>${sample.prompt}`);
    expect(prompt.length / (tokens?.length ?? NaN)).toBeGreaterThan(0.35);
    expect(prompt.length / (tokens?.length ?? NaN)).toBeLessThan(0.65);
  }
});
