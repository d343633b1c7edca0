/** Memory stays bounded, whatever the file's size and shape. */
import { open } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBadRow } from './dataset.ts';
import { openDataset } from './open-dataset.ts';
import { scratchFolder, type Scratch } from './testing.ts';

const FILE_BYTES = 50 << 20;

let scratch: Scratch;
let collectGarbage: () => void;
beforeAll(async () => {
  scratch = await scratchFolder();
  setFlagsFromString('--expose-gc');
  collectGarbage = runInNewContext('gc') as () => void;
});
afterAll(() => scratch.remove());

/** Writes `begin`, then `line` until the file has its size, then `end`. */
async function bigFile(name: string, begin: string, line: string, end: string): Promise<string> {
  const path = await scratch.write(name, begin);
  const file = await open(path, 'a');
  const block = line.repeat(Math.ceil((1 << 20) / line.length));
  for (let size = 0; size < FILE_BYTES; size += block.length) await file.write(block);
  await file.write(end);
  await file.close();
  return path;
}

const inUse = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

describe('a file of 50 MB', () => {
  const text = 'some words of a sample, and then some more. '.repeat(20);
  it.each([
    ['rows.jsonl', '', `${JSON.stringify({ prompt: text, response: text, id: 1 })}\n`],
    ['rows.csv', 'prompt,response,id\n', `"${text}","${text}",1\n`],
  ])('%s is read in the same few megabytes from beginning to end', async (name, begin, line) => {
    const path = await bigFile(name, begin, line, '');
    const dataset = await openDataset(path);
    collectGarbage();
    const before = inUse();
    let most = 0;
    let rows = 0;
    for await (const row of dataset.rows()) {
      expect(isBadRow(row)).toBe(false);
      if (++rows % 5000 !== 0) continue;
      collectGarbage();
      most = Math.max(most, inUse() - before);
    }
    expect(rows).toBeGreaterThan(25_000);
    expect(most).toBeLessThan(4 << 20);
  });

  it.each([
    [
      'line.jsonl',
      '{"prompt":"p","response":"r"}\n{"prompt":"',
      'x',
      '"}\n{"prompt":"p","response":"r"}\n',
      1,
    ],
    ['quote.csv', 'prompt,response\np,r\n"', 'x', '\np,r\n', 1],
    // The first 8 MiB are one bad row; each line behind them is one of its own, until quotes are in step again.
    ['lines.csv', 'prompt,response\np,r\n"', `a "" ${'b'.repeat(1000)}\n`, '\np,r\n', undefined],
  ])(
    '%s without an end to a row holds no more than a row may have, and is read on behind it',
    async (name, begin, filler, end, badRows) => {
      const path = await bigFile(name, begin, filler, end);
      const before = process.memoryUsage().arrayBuffers;
      let most = 0;
      const timer = setInterval(() => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }, 1);
      const dataset = await openDataset(path);
      let bad = 0;
      let last = -1;
      for await (const row of dataset.rows()) {
        if (isBadRow(row)) bad++;
        else last = row.row;
      }
      clearInterval(timer);
      expect(most).toBeGreaterThan(1 << 20);
      expect(most).toBeLessThan(24 << 20);
      expect(last).toBe(bad + 1);
      if (badRows !== undefined) expect(bad).toBe(badRows);
    },
  );
});
