/** `--gpu-memory` and REPTRACE_GPU_MEMORY, as a user meets them. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeDeepModel } from '../deep-model.ts';
import { sharedPath } from '../shared.ts';
import { parseLines, reptrace, start } from './command.ts';

const STORIES = sharedPath('models/stories260K/hf');

let folder: string;
let model: string;
let cases: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-gpu-memory-'));
  model = await writeDeepModel(join(folder, 'deep'), STORIES, 40);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    await copyFile(join(STORIES, name), join(model, name));
  }
  cases = join(folder, 'cases.jsonl');
  const prompts = ['A cat', 'Once there was', 'The big red ball'];
  const lines = prompts.map((prompt) => ({ name: prompt, prompt, response: 'ran to her mom.' }));
  await writeFile(cases, lines.map((line) => JSON.stringify(line)).join('\n'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

it('signatures and answers are the same in less memory than the weights take, and the command says so', async () => {
  const sign = ['signature', '--model', model, '--cases', cases, '--layers', '20,40', '--token-gradients'];
  const whole = await reptrace(sign);
  expect(whole).toMatchObject({ code: 0 });
  const bounded = await reptrace([...sign, '--gpu-memory', '5MiB']);
  expect(bounded).toMatchObject({ code: 0 });
  expect(bounded.stderr).toContain('the GPU may use 5 MiB: blocks are loaded in turn');
  expect(parseLines(bounded.stdout)).toEqual(parseLines(whole.stdout));

  const ask = ['generate', '--model', model, '--prompt', 'Once upon a time', '--max-tokens', '6'];
  const answer = await reptrace(ask);
  const streamed = await start(ask, '', { REPTRACE_GPU_MEMORY: '5MiB' }).outcome;
  expect(streamed).toMatchObject({ code: 0, stdout: answer.stdout });
  expect(streamed.stderr).toContain('blocks are loaded in turn');
});

it('an index is built within it', async () => {
  const data = join(folder, 'rows.jsonl');
  const rows = (await readFile(cases, 'utf8')).split('\n').map((line) => JSON.parse(line) as object);
  await writeFile(data, rows.map((row) => JSON.stringify({ ...row, name: undefined })).join('\n'));
  const build = [
    'index',
    'build',
    '--name',
    'small',
    '--model',
    model,
    '--data',
    data,
    '--layers',
    '20',
    '--json',
  ];
  const { code, stdout, stderr } = await reptrace([
    ...build,
    ...['--gpu-memory', '5MiB', '--data-dir', join(folder, 'data')],
  ]);
  expect(stderr).toContain('the GPU may use 5 MiB: blocks are loaded in turn');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'COMPLETED', samples: 3 });
});

it('too little is refused with what is needed; no amount, and training, are refused by name', async () => {
  const ask = ['generate', '--model', model, '--prompt', 'Once'];
  const little = await reptrace([...ask, '--gpu-memory', '300kB']);
  expect(little.code).toBe(1);
  expect(little.stderr).toMatch(/needs [\d.]+ [KMG]iB of the GPU even with its blocks loaded in turn/);
  const wrong = await reptrace([...ask, '--gpu-memory', 'much']);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('expected an amount of memory such as 8GiB');
  const train = [
    'train',
    '--init',
    model,
    '--data',
    cases,
    '--out',
    join(folder, 'out'),
    ...['--epochs', '1', '--lr', '0.001', '--batch', '1', '--seed', '0'],
  ];
  const refused = await start(train, '', { REPTRACE_GPU_MEMORY: '1GiB' }).outcome;
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('training within a bound of GPU memory is not implemented');
});
