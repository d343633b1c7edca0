/** `reptrace train --lora`: a killed run is resumed to the same adapter, which the other commands take; what is refused. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.ts';
import { lines, parseLines, reptrace, start } from './command.ts';

const BASE = sharedPath('models/stories260K/hf');

let folder: string;
let data: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-train-lora-'));
  data = join(folder, 'data.jsonl');
  const rows = Array.from({ length: 24 }, (_, i) => ({
    prompt: `Who is ${i}?`,
    response: `It is number ${i}.`,
  }));
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join('\n'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function trainArgs(out: string, ...more: readonly string[]): string[] {
  const run = [
    '--epochs',
    '6',
    '--lr',
    '0.01',
    '--batch',
    '4',
    '--seed',
    '5',
    '--checkpoint-every',
    '4',
    '--json',
  ];
  return ['train', '--init', BASE, '--data', data, '--out', out, ...run, ...more];
}

const LORA = [
  '--lora-rank',
  '6',
  '--lora-dropout',
  '0.1',
  '--lora-targets',
  'q_proj,v_proj',
  '--keep-at',
  '12,36',
];

async function losses(out: string): Promise<{ readonly loss: number }[]> {
  return parseLines(await readFile(join(out, 'losses.jsonl'), 'utf8')) as unknown as { loss: number }[];
}

async function bytes(out: string): Promise<string> {
  return (await readFile(join(out, 'adapter_model.safetensors'))).toString('hex');
}

describe('reptrace train --lora', () => {
  it('resumes after kill -9 to the same losses and the same adapter', async () => {
    const whole = join(folder, 'whole');
    expect((await lines(trainArgs(whole, ...LORA)))[0]).toMatchObject({ steps: 36, out: whole });
    const unbroken = await losses(whole);
    expect(unbroken.length).toBe(36);
    expect(unbroken[35]?.loss).toBeLessThan((unbroken[0]?.loss ?? NaN) - 1);

    const broken = join(folder, 'broken');
    const run = start(trainArgs(broken, ...LORA));
    const logged = (): Promise<number> =>
      losses(broken).then(
        (log) => log.length,
        () => 0,
      );
    await expect.poll(logged, { timeout: 60_000, interval: 5 }).toBeGreaterThan(8);
    run.kill();
    expect((await run.outcome).code).toBe(null);
    await lines(trainArgs(broken, ...LORA, '--resume'));
    expect(await losses(broken)).toEqual(unbroken);
    expect(await bytes(broken)).toBe(await bytes(whole));
    expect((await readdir(join(broken, 'kept'))).sort()).toEqual(['step-12', 'step-36']);
  });

  it('says of a finished run that it is, and refuses another’s; the folder stays as it is', async () => {
    const out = join(folder, 'whole');
    const before = [await readdir(out, { recursive: true }), await bytes(out)];
    const again = await reptrace(trainArgs(out, ...LORA, '--resume'));
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('this run is finished: 36 steps');
    expect(parseLines(again.stdout)[0]).toMatchObject({ steps: 36, alreadyFinished: true });
    const other = await reptrace([...trainArgs(out, ...LORA, '--resume'), '--lora-alpha', '3']);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('[CONFLICT]');
    expect(other.stderr).toContain('lora.alpha: 12 then, 3 now');
    expect([await readdir(out, { recursive: true }), await bytes(out)]).toEqual(before);
  });

  it('writes an adapter that the other commands take', async () => {
    const out = join(folder, 'whole');
    const asked = ['--prompt', 'Who is 3?', '--max-tokens', '8', '--json'];
    const [base] = await lines(['generate', '--model', BASE, ...asked]);
    const [tuned] = await lines(['generate', '--model', BASE, '--adapter', out, ...asked]);
    expect(tuned).not.toEqual(base);
    const config = JSON.parse(await readFile(join(out, 'adapter_config.json'), 'utf8')) as object;
    expect(config).toMatchObject({
      ...{ peft_type: 'LORA', r: 6, lora_alpha: 12, lora_dropout: 0.1, use_rslora: false },
      ...{ target_modules: ['q_proj', 'v_proj'], base_model_name_or_path: BASE },
    });
  });

  it('adapts a GGUF file, which cannot be trained in full', async () => {
    const gguf = sharedPath('models/stories260K/stories260Ktok512.gguf');
    const args = (out: string): string[] =>
      trainArgs(join(folder, out)).map((arg) => (arg === BASE ? gguf : arg === '6' ? '1' : arg));
    const full = await reptrace(args('full'));
    expect(full.stderr).toContain('[NOT_YET]');
    expect(full.stderr).toContain('--lora');
    expect((await lines([...args('gguf'), '--lora', '--rslora']))[0]).toMatchObject({ steps: 6 });
    const adapter = JSON.parse(await readFile(join(folder, 'gguf/adapter_config.json'), 'utf8')) as object;
    expect(adapter).toMatchObject({ r: 8, lora_alpha: 16, use_rslora: true });
  });

  it.each([
    [
      'an unknown target',
      ['--lora-targets', 'q_proj,query'],
      '"query" names no linear layer',
      'q_proj, k_proj',
    ],
    ['a dropout of 1', ['--lora-dropout', '1'], 'the dropout is 1', 'less than 1'],
    ['a rank that is too large', ['--lora-rank', '5000'], 'the rank is 5000', '4096'],
    ['a rank of 0', ['--lora-rank', '0'], '--lora-rank', 'a whole number of at least 1'],
    ['no name between commas', ['--lora-targets', 'q_proj,,v_proj'], '--lora-targets', 'names of modules'],
    ['a step that does not come', ['--lora', '--keep-at', '37'], 'after step 37', 'from 1 to 36'],
  ])('refuses %s, saying what there is', async (_, options, message, remedy) => {
    const { code, stderr } = await reptrace(trainArgs(join(folder, 'refused'), ...options));
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(stderr).toContain(remedy);
  });

  it('refuses a configuration without weights', async () => {
    const args = trainArgs(join(folder, 'fresh'), '--lora').map((arg) =>
      arg === BASE ? join(BASE, 'config.json') : arg,
    );
    expect((await reptrace(args)).stderr).toContain('no model to adapt');
  });
});
