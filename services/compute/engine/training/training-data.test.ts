import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { openModelText, type ModelText } from '../model/model-text.ts';
import { readTrainingData } from './training-data.ts';

let folder: string;
let model: ModelText;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-data-'));
  model = await openModelText(sharedPath('models/stories260K/hf'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function read(text: string, maxTokens?: number): ReturnType<typeof readTrainingData> {
  const path = join(folder, 'rows.jsonl');
  await writeFile(path, text);
  return readTrainingData(path, model, maxTokens);
}

describe('readTrainingData', () => {
  it('takes the loss of a text on every token, of a sample on its response', async () => {
    const { sequences } = await read('{"text":"A dog."}\n\n{"prompt":"Hi","response":"Yes."}\n');
    expect(sequences[0]?.promptLength).toBe(1);
    expect(sequences[0]?.inputIds.at(-1)).toBe(2);
    expect(sequences[1]?.promptLength).toBeGreaterThan(5);
  });

  it('counts the rows that lose their tail', async () => {
    const { sequences, truncated } = await read(
      `{"text":"${'A dog and a cat. '.repeat(20)}"}\n{"text":"Short."}`,
      16,
    );
    expect(sequences[0]?.inputIds.length).toBe(16);
    expect(truncated).toBe(1);
  });

  it('has another digest for other bytes', async () => {
    const [a, b] = [await read('{"text":"one"}'), await read('{"text":"two"}')];
    expect(a.digest).not.toBe(b.digest);
  });

  it.each([
    ['an empty file', '\n\n', /no rows/],
    ['a row that is no JSON', '{"text":"a"}\n{', /line 2/],
    ['a row without text', '{"text":5}', /line 1/],
    ['many bad rows, naming a few', '{}\n'.repeat(9), /and 4 more/],
  ])('refuses %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('says which file is not there', async () => {
    await expect(readTrainingData('/nowhere.jsonl', model)).rejects.toThrow(/nowhere\.jsonl/);
  });
});
