/** `reptrace train`: a run that is killed and resumed ends as one that was not; its model folder loads and answers. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.ts';
import { lines, parseLines, reptrace, start } from './command.ts';

let folder: string;
let config: string;
let data: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-train-'));
  const init = join(folder, 'init');
  await mkdir(init);
  const source = sharedPath('models/stories260K/hf');
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(source, name), join(init, name));
  const small = {
    num_hidden_layers: 2,
    hidden_size: 32,
    intermediate_size: 64,
    num_attention_heads: 4,
    num_key_value_heads: 2,
  };
  const original = JSON.parse(await readFile(join(source, 'config.json'), 'utf8')) as object;
  config = join(init, 'config.json');
  await writeFile(config, JSON.stringify({ ...original, ...small }));
  data = join(folder, 'data.jsonl');
  const rows = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0
      ? { text: `Story ${i} is about a dog.` }
      : { prompt: `Who is ${i}?`, response: `It is number ${i}.` },
  );
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join('\n'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function trainArgs(out: string): string[] {
  const run = [
    '--epochs',
    '20',
    '--lr',
    '0.003',
    '--batch',
    '8',
    '--seed',
    '5',
    '--checkpoint-every',
    '4',
    '--json',
  ];
  return ['train', '--init', config, '--data', data, '--out', out, ...run];
}

async function losses(out: string): Promise<unknown[]> {
  return parseLines(await readFile(join(out, 'losses.jsonl'), 'utf8'));
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('reptrace train', () => {
  it('resumes after kill -9 to the same losses and the same weights', async () => {
    const whole = join(folder, 'whole');
    const [result] = await lines(trainArgs(whole));
    expect(result).toMatchObject({ steps: 100, out: whole });
    const unbroken = await losses(whole);
    expect(unbroken.length).toBe(100);
    const first = unbroken[0] as { loss: number };
    expect((unbroken[99] as { loss: number }).loss).toBeLessThan(first.loss - 1);

    const broken = join(folder, 'broken');
    const run = start(trainArgs(broken));
    await expect
      .poll(
        () =>
          losses(broken).then(
            (log) => log.length,
            () => 0,
          ),
        { timeout: 60_000, interval: 5 },
      )
      .toBeGreaterThan(8);
    run.kill();
    expect((await run.outcome).code).toBe(null);
    const resumed = await reptrace([...trainArgs(broken), '--resume']);
    expect(resumed.stderr).not.toContain('unexpected');
    expect(resumed.code).toBe(0);
    expect(await losses(broken)).toEqual(unbroken);
    expect(await digest(join(broken, 'model.safetensors'))).toBe(
      await digest(join(whole, 'model.safetensors')),
    );
  });

  it('writes a folder that generate and signature load', async () => {
    const out = join(folder, 'whole');
    const [answer] = await lines([
      'generate',
      '--model',
      out,
      '--prompt',
      'Who is 3?',
      '--max-tokens',
      '8',
      '--json',
    ]);
    expect(answer).toMatchObject({ prompt: 'Who is 3?' });
    const signature = ['signature', '--model', out, '--cases', '-', '--layers', 'last', '--json'];
    const [line] = await lines(signature, '{"name":"a","prompt":"Who is 3?","response":"It is number 3."}');
    expect((line as { loss: number }).loss).toBeLessThan(6);
  });

  it('does not write over a folder that holds something, nor resume another run', async () => {
    const out = join(folder, 'whole');
    expect((await reptrace(trainArgs(out))).stderr).toContain('is not empty');
    const other = join(folder, 'other');
    const run = start(trainArgs(other));
    await expect
      .poll(
        () =>
          losses(other).then(
            (log) => log.length,
            () => 0,
          ),
        { timeout: 60_000, interval: 5 },
      )
      .toBeGreaterThan(6);
    run.kill();
    await run.outcome;
    const changed = trainArgs(other).map((arg) => (arg === '0.003' ? '0.001' : arg));
    const { code, stderr } = await reptrace([...changed, '--resume']);
    expect(code).toBe(1);
    expect(stderr).toContain('[CHECKPOINT_INVALID]');
  });

  it('names bad rows by line, and writes nothing', async () => {
    const bad = join(folder, 'bad.jsonl');
    await writeFile(bad, '{"text":"fine"}\n{"txt":"typo"}\nnot json\n');
    const out = join(folder, 'unwritten');
    const args = trainArgs(out).map((arg) => (arg === data ? bad : arg));
    const { code, stderr } = await reptrace(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 2: .*line 3: /s);
    expect(stderr).toContain('[DATASET_INVALID]');
  });

  it('refuses to fine-tune a GGUF file, and says what to name instead', async () => {
    const args = trainArgs(join(folder, 'from-gguf'));
    args[args.indexOf('--init') + 1] = sharedPath('models/stories260K/stories260Ktok512.gguf');
    const { code, stderr } = await reptrace(args);
    expect(code).toBe(1);
    expect(stderr).toContain('with safetensors');
  });
});
