import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockData, runningMesh } from './data-lock.ts';

describe('lockData', () => {
  let data = '';
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'reptrace-lock-'));
  });
  afterEach(() => rm(data, { recursive: true }));

  it('lets one process have the folder, and tells the next where to go', async () => {
    const lock = await lockData(data);
    await lock.announce({ graphql: 'http://127.0.0.1:4000/graphql' });
    await expect(lockData(data)).rejects.toMatchObject({
      code: 'CONFLICT',
      remedy: expect.stringContaining('http://127.0.0.1:4000/graphql') as string,
    });
    expect(await runningMesh(data)).toMatchObject({ graphql: 'http://127.0.0.1:4000/graphql' });
    await lock.close();
    expect(await runningMesh(data)).toBeUndefined();
    await (await lockData(data)).close();
  });

  it('takes over from a process that is gone', async () => {
    await writeFile(join(data, 'mesh.json'), JSON.stringify({ pid: 2 ** 22 + 1, started: null }));
    expect(await runningMesh(data)).toBeUndefined();
    await (await lockData(data)).close();
  });

  it('takes over from an earlier process of the same id, as in a container that was restarted', async () => {
    await writeFile(join(data, 'mesh.json'), JSON.stringify({ pid: process.pid, started: '1' }));
    await (await lockData(data)).close();
  });

  it('takes over a file that was half written', async () => {
    await writeFile(join(data, 'mesh.json'), '{"pi');
    await (await lockData(data)).close();
  });

  it('says that a folder cannot be one, and what to do', async () => {
    const file = join(data, 'a-file');
    await writeFile(file, '');
    for (const folder of [file, join(file, 'within')]) {
      const refusal = { code: 'INPUT_INVALID', remedy: expect.stringContaining('REPTRACE_DATA') as string };
      await expect(lockData(folder)).rejects.toMatchObject(refusal);
      await expect(runningMesh(folder)).rejects.toMatchObject(refusal);
    }
  });

  it('keeps the token from other users', async () => {
    const lock = await lockData(data);
    await lock.announce({ graphql: 'http://127.0.0.1:1/graphql', token: 'secret' });
    const { mode } = await import('node:fs/promises').then(({ stat }) => stat(join(data, 'mesh.json')));
    expect(mode & 0o077).toBe(0);
    expect(await readFile(join(data, 'mesh.json'), 'utf8')).toContain('secret');
    await lock.close();
  });
});
