import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { sharedPath } from '../../test/shared.ts';
import { tokensCommand } from './tokens.ts';

const SMOL = 'models/smollm2-135m-instruct';
const SYSTEM = { role: 'system', content: 'Answer in one word.' };
const TALK = [
  { role: 'user', content: 'Name a colour.' },
  { role: 'assistant', content: 'Blue.' },
];
const LAST = { role: 'user', content: 'And another?' };

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-tokens-messages-'));
  file = join(folder, 'talk.json');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** What it writes, with the texts of the tokens as one. */
async function tokens(
  model: string,
  messages: readonly object[],
  ...more: readonly string[]
): Promise<{ readonly text: string; readonly stderr: string }> {
  await writeFile(file, JSON.stringify(messages));
  let [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => (stdout += String(chunk)) !== '');
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => (stderr += String(chunk)) !== '');
  const args = ['--model', model, '--messages', file, '--output', 'Green.', '--json', ...more];
  await tokensCommand().parseAsync(args, { from: 'user' });
  const { texts } = JSON.parse(stdout) as { texts: readonly string[] };
  return { text: texts.join(''), stderr };
}

describe('reptrace tokens --messages', () => {
  it('shows how turns before the prompt are rendered; without --prompt the last one is the prompt', async () => {
    const whole = await tokens(sharedPath(SMOL), [SYSTEM, ...TALK, LAST]);
    expect(whole).toEqual({
      text: [
        '<|im_start|>system\nAnswer in one word.<|im_end|>\n<|im_start|>user\nName a colour.<|im_end|>\n',
        '<|im_start|>assistant\nBlue.<|im_end|>\n<|im_start|>user\nAnd another?<|im_end|>\n',
        '<|im_start|>assistant\nGreen.<|im_end|>\n',
      ].join(''),
      stderr: '',
    });
    expect(await tokens(sharedPath(SMOL), [SYSTEM, ...TALK], '--prompt', LAST.content)).toEqual(whole);
  });

  it('says which turns the template drops', async () => {
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      await copyFile(join(sharedPath(SMOL), name), join(folder, name));
    const template =
      "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}" +
      '{% if add_generation_prompt %}[assistant]{% endif %}';
    await writeFile(join(folder, 'chat_template.jinja'), template);
    const { text, stderr } = await tokens(folder, [SYSTEM, LAST]);
    expect(text).toBe('[user]And another?[assistant]Green.');
    expect(stderr).toMatch(/^warning: .* drops turn 1 \(system\)[^\n]*\n$/);
  });

  it('refuses messages that end with an answer, and turns that a model has no form for', async () => {
    await expect(tokens(sharedPath(SMOL), TALK)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('is of the assistant') as string,
    });
    await expect(tokens(sharedPath('models/stories260K/hf'), [...TALK, LAST])).rejects.toThrow(
      /no chat template/,
    );
  });
});
