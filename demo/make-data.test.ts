import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeDemoData, writeTokenizer } from './make-data.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-'));
  await writeDemoData(join(folder, 'data'));
  await writeTokenizer(join(folder, 'init'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

it.each(['data/finetune.jsonl', 'data/held-out.jsonl', 'init/tokenizer.json', 'init/tokenizer_config.json'])(
  'makes the committed %s again, byte by byte',
  async (path) => {
    const committed = await readFile(join(import.meta.dirname, path), 'utf8');
    expect((await readFile(join(folder, path), 'utf8')) === committed).toBe(true);
  },
);
