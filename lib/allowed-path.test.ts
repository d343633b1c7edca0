import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveAllowed } from './allowed-path.ts';

let dir: string;
let root: string;
const within = (name: string): string => join(root, name);

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'reptrace-allowed-')));
  root = join(dir, 'root');
  await mkdir(join(root, 'sub'), { recursive: true });
  await mkdir(join(dir, 'root-beside'));
  await mkdir(join(dir, 'outside'));
  await writeFile(within('sub/file'), '');
  await writeFile(join(dir, 'outside/secret'), '');
  await writeFile(join(dir, 'root-beside/secret'), '');
  await symlink('sub/file', within('to-file'));
  await symlink(join(dir, 'outside/secret'), within('to-secret'));
  await symlink('../outside', within('to-outside'));
  await symlink(join(dir, 'outside/absent'), within('to-absent'));
  await symlink('to-absent', within('to-to-absent'));
  await symlink('absent-within', within('to-absent-within'));
  await symlink('ring-b', within('ring-a'));
  await symlink('ring-a', within('ring-b'));
  await symlink(root, join(dir, 'link-to-root'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('a path under an allowed folder', () => {
  it('is given as its real path', async () => {
    for (const name of ['sub/file', 'to-file', 'sub/../to-file', './sub//file'])
      expect(await resolveAllowed(within(name), [root])).toBe(within('sub/file'));
    expect(await resolveAllowed(relative(process.cwd(), within('to-file')), [root])).toBe(within('sub/file'));
    expect(await resolveAllowed(root, [root])).toBe(root);
  });

  it('is allowed also where the folder is named by a link, or the path is', async () => {
    const link = join(dir, 'link-to-root');
    expect(await resolveAllowed(within('sub/file'), [link])).toBe(within('sub/file'));
    expect(await resolveAllowed(join(link, 'sub/file'), [root])).toBe(within('sub/file'));
  });

  it('is allowed under any of the folders, also when another is not there', async () => {
    expect(await resolveAllowed(within('sub/file'), [join(dir, 'none'), root])).toBe(within('sub/file'));
    expect(await resolveAllowed('/etc/hostname', ['/'])).toBe('/etc/hostname');
  });

  it('is not a folder that is allowed and not there: what is beside it would be looked at', async () => {
    await expect(resolveAllowed(within('none'), [within('none')])).rejects.toMatchObject({
      code: 'PATH_NOT_ALLOWED',
    });
    expect(await resolveAllowed(within('none'), [within('none'), root])).toBe(within('none'));
  });

  it('gives the place where it would be when it is not there', async () => {
    expect(await resolveAllowed(within('none/x'), [root])).toBe(within('none/x'));
    expect(await resolveAllowed(within('sub/file/x'), [root])).toBe(within('sub/file/x'));
    expect(await resolveAllowed(within('..x'), [root])).toBe(within('..x'));
    expect(await resolveAllowed(within('to-absent-within'), [root])).toBe(within('absent-within'));
  });
});

describe('a path elsewhere', () => {
  it.each([
    '../outside/secret',
    '../outside/absent',
    '../root-beside/secret',
    '..',
    'to-secret',
    'to-outside/secret',
    'to-outside/absent',
    'to-absent',
    'to-to-absent',
    'none/../../outside/secret',
    'ring-a',
    'sub/file\0',
  ])('is refused in the same words whether it is there or not: %j', async (name) => {
    const path = `${root}/${name}`;
    await expect(resolveAllowed(path, [root])).rejects.toMatchObject({
      code: 'PATH_NOT_ALLOWED',
      message: `the path ${JSON.stringify(path)} is not in an allowed folder (${root})`,
      remedy: expect.stringContaining('REPTRACE_ROOTS') as unknown,
    });
  });

  it('is everything when no folder is allowed', async () => {
    await expect(resolveAllowed(within('sub/file'), [])).rejects.toMatchObject({ code: 'PATH_NOT_ALLOWED' });
  });
});
