import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile, openFolder } from './folder-files.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-folder-files-'));
  await mkdir(join(scratch, 'model'));
  await writeFile(join(scratch, 'outside'), 'x');
});
afterAll(() => rm(scratch, { recursive: true }));

describe('a link that leads out of a model folder', () => {
  it.each([
    ['model.gguf', /^Name the file that it points at/],
    ['config.json', /^Put the file itself/],
  ])('is not followed, and the remedy is one that works: %s', async (name, remedy) => {
    await symlink(join(scratch, 'outside'), join(scratch, 'model', name));
    const opened = openFile(await openFolder(join(scratch, 'model')), name);
    await expect(opened).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(/a link that leads out of the folder/) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
    // Where it leads is not told.
    await expect(opened).rejects.not.toThrow(/outside/);
  });
});
