/** Numbers of samples where a row of the source may give several: counted, sought, kept when rows are added. */
import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnChoice } from './columns.ts';
import { compareDataset } from './compare.ts';
import type { BadRow, DatasetRow } from './dataset.ts';
import { openDataset } from './open-dataset.ts';
import { scanDataset } from './scan.ts';
import { scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const turn = (role: string, content: string) => ({ role, content });
/** With so many assistant turns. */
const talk = (answers: number) => ({
  messages: Array.from({ length: answers }, (_, i) => [
    turn('user', `u${i}`),
    turn('assistant', `a${i}`),
  ]).flat(),
});
const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

async function everything(path: string, columns: ColumnChoice, from = 0): Promise<(DatasetRow | BadRow)[]> {
  const rows: (DatasetRow | BadRow)[] = [];
  for await (const row of (await openDataset(path, { columns })).rows(from)) rows.push(row);
  return rows;
}

const CHATS = lines([talk(1), talk(3), 'not json', { messages: [turn('tool', 'x')] }, talk(2), '', talk(1)]);
const TEXTS = lines([
  { text: 'Two words.' },
  { text: 'It rained all day, and nobody came. '.repeat(9) },
  { text: 'word' },
  { text: 'Then it stopped. '.repeat(20) },
]);

describe.each<[string, string, ColumnChoice]>([
  ['turns', CHATS, { turns: 'all' }],
  ['windows', TEXTS, { textWindow: 64 }],
])('samples of %s', (name, content, columns) => {
  it('are numbered in order, a bad row as one, and tell their row, line and part', async () => {
    const all = await everything(await scratch.write(`${name}.jsonl`, content), columns);
    expect(all.map(({ row }) => row)).toEqual(all.map((_, i) => i));
    for (const [i, { sourceRow, part }] of all.entries()) {
      const before = all.at(i === 0 ? all.length : i - 1);
      if (part === null) expect(before?.sourceRow).not.toBe(sourceRow);
      else expect(part).toBe(before?.sourceRow === sourceRow ? (before.part ?? NaN) + 1 : 0);
    }
  });

  it('can be read from any number on', async () => {
    const path = await scratch.write(`${name}.jsonl`, content);
    const all = await everything(path, columns);
    for (let from = 0; from <= all.length + 1; from++) {
      expect(await everything(path, columns, from)).toEqual(all.slice(from));
    }
  });

  it('keep their numbers when rows are added, and the file is known as grown', async () => {
    const path = await scratch.write(`${name}.jsonl`, content);
    const before = await everything(path, columns);
    const scan = await scanDataset(path, { columns });
    expect(scan).toMatchObject({ rows: before.length });
    expect(scan.sourceRows).toBeLessThan(scan.rows);
    await appendFile(path, content);
    const comparison = await compareDataset(path, scan);
    expect(comparison).toMatchObject({ kind: 'appended', now: { sourceRows: 2 * scan.sourceRows } });
    const after = await scanDataset(path, { resolved: scan.columns });
    expect(after).toMatchObject({ rows: 2 * scan.rows, badRowCount: 2 * scan.badRowCount });
    expect((await everything(path, columns)).slice(0, before.length)).toEqual(before);
  });
});

it("where each row is one sample, its number is the row's", async () => {
  const all = await everything(await scratch.write('last.jsonl', CHATS), {});
  expect(all.map(({ row, sourceRow, part }) => [row, sourceRow, part])).toEqual(
    [0, 1, 2, 3, 4, 5].map((row) => [row, row, null]),
  );
  expect(all[4]).toMatchObject({ line: 5, prompt: 'u1', response: 'a1' });
  expect(await everything(await scratch.write('last.jsonl', CHATS), {}, 4)).toEqual(all.slice(4));
});
