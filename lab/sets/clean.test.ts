import { describe, expect, it, beforeAll, afterAll } from 'vitest';
import { scratchFolder, type Scratch } from '../../services/index/datasets/testing.ts';
import { sharedPath } from '../../test/shared.ts';
import { readClean } from './clean.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

describe('readClean', () => {
  it('gives prompts and responses in the order of the file, whatever else a row has', async () => {
    const path = await scratch.write(
      'a.jsonl',
      '{"prompt":"p","response":"r","label":"x"}\n\n{"response":"s","prompt":"q"}\n',
    );
    expect(await readClean(path)).toEqual([
      { prompt: 'p', response: 'r' },
      { prompt: 'q', response: 's' },
    ]);
  });

  it('reads the other formats of datasets too: CSV, and a folder of Arrow files', async () => {
    const csv = await scratch.write('a.csv', 'prompt,response\np,r\n');
    expect(await readClean(csv)).toEqual([{ prompt: 'p', response: 'r' }]);
    expect(await readClean(sharedPath('data/rept/factual-Ag'))).toHaveLength(1000);
  });

  it.each([
    ['no JSON', '{"prompt":"p","response":"r"}\nnonsense\n', /a\.jsonl, line 2 \(row 1\): .*JSON/],
    ['no response', '{"prompt":"p","response":"r"}\n{"prompt":"p"}\n', /line 2 .*response/],
    [
      'no prompt',
      '{"prompt":"p","response":"r"}\n\n{"prompt":" ","response":"r"}\n',
      /line 3 .*prompt is empty/,
    ],
    ['plain text', '{"text":"Once upon a time there was a fox."}\n', /line 1 .*plain text/],
    [
      'a talk of many turns',
      `{"messages":${JSON.stringify(
        ['user', 'assistant', 'user', 'assistant'].map((role) => ({ role, content: 'x' })),
      )}}\n`,
      /line 1 .*turns before/,
    ],
  ])('names the line with %s', async (_what, content, message) => {
    await expect(readClean(await scratch.write('a.jsonl', content))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });
});
