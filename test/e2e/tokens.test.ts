/** `reptrace tokens`, as built: the tokens of a sample, with the boundary, from text files or a GGUF file alone. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGolden } from '../parity/golden.ts';
import { sharedPath } from '../shared.ts';
import { lines, reptrace } from './command.ts';

const SMOL = 'models/smollm2-135m-instruct';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-tokens-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function tokens(model: string, ...more: string[]): Promise<Record<string, unknown> | undefined> {
  const [first] = await lines(['tokens', '--model', model, '--json', ...more]);
  return first;
}

describe('reptrace tokens', () => {
  it('gives the golden ids and the boundary, from the file alone and with the files beside it', async () => {
    const gguf = join(folder, 'model.gguf');
    await cp(sharedPath(`${SMOL}/SmolLM2-135M-Instruct.Q4_1.gguf`), gguf);
    const { cases } = await readGolden('golden/smollm2-135m-instruct');
    const [{ prompt = '', response = '', input_ids, prompt_length }] = cases;
    for (const model of [sharedPath(SMOL), gguf]) {
      const shown = await tokens(model, '--prompt', prompt, '--output', response);
      expect(shown).toMatchObject({
        ids: input_ids,
        promptLength: prompt_length,
        p: prompt_length - 1,
        truncated: false,
        template: true,
      });
      expect(Object.keys(shown ?? {}).sort()).toEqual(
        ['ids', 'p', 'pieces', 'promptLength', 'template', 'texts', 'truncated'].sort(),
      );
      expect((shown?.['texts'] as string[]).slice(prompt_length).join('')).toContain(response);
    }
  });

  it('needs no weights', async () => {
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      await cp(sharedPath(`models/stories260K/hf/${name}`), join(folder, 'text', name));
    const shown = await tokens(join(folder, 'text'), '--prompt', 'Hi', '--output', 'there');
    expect(shown).toMatchObject({ template: false });
    const texts = shown?.['texts'] as string[];
    expect(texts.join('')).toBe('<s>[INST] Hi [/INST]there</s>');
  });

  it('cuts the tail of the output, and takes an output without a prompt', async () => {
    const args = ['--output', 'one two three four five six'];
    const whole = await tokens(sharedPath('models/stories260K/hf'), ...args);
    const cut = await tokens(sharedPath('models/stories260K/hf'), ...args, '--max-tokens', '20');
    expect((whole?.['texts'] as string[]).join('')).toContain('[INST]  [/INST]one two');
    expect(cut).toMatchObject({ truncated: true, ids: (whole?.['ids'] as number[]).slice(0, 20) });
  });

  it('shows them for a person, with a mark at p and one where the response begins', async () => {
    const args = [
      'tokens',
      '--model',
      sharedPath('models/stories260K/hf'),
      '--prompt',
      'Hi',
      '--output',
      'a\u001b[2Jb',
    ];
    const { code, stdout } = await reptrace(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/<- p\n--- response ---\n/);
    expect(stdout).not.toContain('\u001b');
  });

  it('says what is wrong: no output, no model', async () => {
    const model = sharedPath('models/stories260K/hf');
    expect((await reptrace(['tokens', '--model', model])).stderr).toContain('--output');
    const { code, stderr } = await reptrace(['tokens', '--model', join(folder, 'nowhere'), '--output', 'x']);
    expect(code).toBe(1);
    expect(stderr).toContain('nowhere');
  });
});
