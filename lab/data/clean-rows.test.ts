import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toJsonl } from '../../demo/corpus/write.ts';
import { cleanRows } from './clean-rows.ts';

it('makes the committed clean.jsonl again, byte by byte', async () => {
  const committed = await readFile(join(import.meta.dirname, 'clean.jsonl'), 'utf8');
  expect(toJsonl(cleanRows()) === committed).toBe(true);
});

it('has 1,200 different questions', () => {
  expect(new Set(cleanRows().map(({ prompt }) => prompt)).size).toBe(1200);
});
