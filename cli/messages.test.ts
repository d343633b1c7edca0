import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessages } from './messages.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-messages-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string): Promise<string> {
  const path = join(folder, 'messages.json');
  await writeFile(path, content);
  return path;
}

describe('readMessages', () => {
  const turns = [
    { role: 'system', content: 's' },
    { role: 'user', content: 'u' },
  ];

  it('takes a list of turns, and what has one under `messages`', async () => {
    expect(await readMessages(await file(JSON.stringify(turns)))).toEqual(turns);
    expect(await readMessages(await file(JSON.stringify({ id: 1, messages: turns })))).toEqual(turns);
  });

  it.each([
    ['what is no JSON', 'user: hello'],
    ['what has no turns', '{"prompt": "x"}'],
    ['null', 'null'],
    ['a role that cannot be rendered', '[{"role": "tool", "content": "x"}]'],
    ['a file that is too large', ' '.repeat((8 << 20) + 1)],
  ])('refuses %s, naming the file', async (_what, content) => {
    await expect(readMessages(await file(content))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('messages.json') as string,
    });
  });

  it('refuses a file that is not there, and a folder', async () => {
    for (const path of [join(folder, 'absent.json'), folder])
      await expect(readMessages(path)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
