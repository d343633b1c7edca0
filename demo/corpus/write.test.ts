import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeJsonl } from './write.ts';

it('writes one JSON object per line, making the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-'));
  try {
    const path = join(folder, 'new', 'rows.jsonl');
    await writeJsonl(path, [{ text: 'a\nb' }, { text: 'c' }]);
    expect(await readFile(path, 'utf8')).toBe('{"text":"a\\nb"}\n{"text":"c"}\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});
