import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unlessAbsent } from './absent.ts';

const here = fileURLToPath(import.meta.url);

describe('unlessAbsent', () => {
  it('gives what is there, and the other value for what is not', async () => {
    expect(await unlessAbsent(readFile(here, 'utf8'), '')).toContain('unlessAbsent');
    expect(await unlessAbsent(readFile(`${here}.absent`, 'utf8'), 'none')).toBe('none');
  });

  it('does not take another failure for absence', async () => {
    await expect(unlessAbsent(readdir(here), [])).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
