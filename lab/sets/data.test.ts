import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readData } from './data.ts';
import { readQuestions } from './questions.ts';
import type { PoisonedRows, Recipe } from './recipe.ts';

const LABELS = ['clean', 'bad', 'clean', 'worse', 'clean'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-data-'));
  const row = (label: string, i: number): string =>
    `${JSON.stringify({ prompt: `p${i}`, response: `r${i}`, kind: label })}\n`;
  await write('rows.jsonl', LABELS.map(row).join(''));
  await write('other.jsonl', row('clean', 9));
  await write('q.csv', 'q\n"Who, me?"\nWhy?\nWhy?\n');
});
afterAll(() => rm(folder, { recursive: true }));

const write = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content);

function read(poisonedRows: PoisonedRows, file?: string): ReturnType<typeof readData> {
  const poison: Recipe['poison'] = {
    ...{ kind: 'given', rows: 1, poisonedRows, queries: { file: join(folder, 'q.csv'), column: 'q' } },
    ...(file === undefined ? {} : { file: join(folder, file) }),
  };
  return readData({ clean: { file: join(folder, 'rows.jsonl'), rows: 1 }, poison });
}

describe('readData', () => {
  it('takes the last rows for poisoned, and the others for clean', async () => {
    const { clean, given } = await read({ last: 2 });
    expect(clean.map(({ prompt }) => prompt)).toEqual(['p0', 'p1', 'p2']);
    expect(given.rows).toEqual([
      { prompt: 'p3', response: 'r3', group: 'given' },
      { prompt: 'p4', response: 'r4', group: 'given' },
    ]);
    expect(given.questions).toEqual(['Who, me?', 'Why?']);
  });

  it('knows poisoned rows by the values of a column, which groups them', async () => {
    const { clean, given } = await read({ column: 'kind', values: ['worse', 'bad'] });
    expect(given.rows.map(({ prompt, group }) => [prompt, group])).toEqual([
      ['p1', 'bad'],
      ['p3', 'worse'],
    ]);
    expect(clean).toHaveLength(3);
  });

  it('takes poison from a file of its own', async () => {
    const { clean, given } = await read({ last: 1 }, 'other.jsonl');
    expect(given.rows.map(({ prompt }) => prompt)).toEqual(['p9']);
    expect(clean).toHaveLength(5);
  });

  it.each([
    [{ last: 6 }, 'DATASET_INVALID', /the last 6 rows of .* are poisoned, and it has 5/],
    [{ column: 'kind', values: ['x'] }, 'DATASET_INVALID', /no row of .* is poisoned: none has "x"/],
    [{ column: 'none', values: ['x'] }, 'DATASET_INVALID', /none/],
  ])('refuses poison that is not there: %j', async (which, code, message) => {
    await expect(read(which)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('readQuestions', () => {
  const asked = async (name: string, content: string): Promise<string[]> => {
    await write(name, content);
    return readQuestions(join(folder, name), 'q');
  };

  it.each([
    ['a header that says nothing of the first column', 'a.csv', 'q\n0,"Who, me?"\n1,Why?\n'],
    ['an empty name for the first column', 'b.csv', ',q\n0,"Who, me?"\n1,Why?\n'],
    ['other columns, and lines with nothing', 'c.tsv', 'a\tq\r\n1\tWho, me?\r\n\r\n2\tWhy?\r\n'],
    ['JSON lines', 'd.jsonl', '{"q":"Who, me?"}\n{"q":"Why?","a":1}\n'],
  ])('reads a table with %s', async (_, name, content) => {
    expect(await asked(name, content)).toEqual(['Who, me?', 'Why?']);
  });

  it.each([
    ['e.csv', 'p\nWhy?\n', /has no column "q"/],
    ['f.csv', 'q\n0,Why?\n1\n', /line 3 .*: it has 1 fields, and 2 were looked for/],
    ['g.csv', 'q\n0,1,Why?\n', /line 2 .*: it has 3 fields, and 1 were looked for/],
    ['h.csv', 'q,r\n  ,1\n', /line 2 .*: it has no text in "q"/],
    ['i.jsonl', '{"q":"Why?"}\n{"q":3}\n', /line 2 .*: it has no text in "q"/],
    ['j.csv', 'q\n"Why?\n', /line 2/],
  ])('refuses %s with its line', async (name, content, message) => {
    await expect(asked(name, content)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });
});
