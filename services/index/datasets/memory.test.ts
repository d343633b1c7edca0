/** Memory stays bounded, whatever the file's size and shape. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrow } from '../stores/arrow.ts';
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

/** The most that is in use above what was, looked at now and then, and the number of rows. */
async function watched(path: string): Promise<{ rows: number; most: number }> {
  const dataset = await openDataset(path);
  collectGarbage();
  const before = inUse();
  let [rows, most] = [0, 0];
  for await (const row of dataset.rows()) {
    expect(isBadRow(row)).toBe(false);
    if (++rows % 10_000 !== 0) continue;
    collectGarbage();
    most = Math.max(most, inUse() - before);
  }
  return { rows, most };
}

describe('200 MB', () => {
  const text = 'some words of a sample, and then some more. '.repeat(25);
  const rows = 100_000;

  it('of one row group of Parquet are read in a few pages', async () => {
    const path = join(scratch.dir, 'rows.parquet');
    const column = (name: string) => ({
      name,
      data: Array<string>(rows).fill(text),
      encoding: 'PLAIN' as const,
    });
    parquetWriteFile({
      ...{ filename: path, rowGroupSize: rows, codec: 'UNCOMPRESSED', statistics: false },
      columnData: [column('prompt'), column('response')],
    });
    expect((await stat(path)).size).toBeGreaterThan(200 << 20);
    const seen = await watched(path);
    expect(seen.rows).toBe(rows);
    expect(seen.most).toBeLessThan(16 << 20);
  });

  it('of Arrow are read a batch at a time', async () => {
    const texts = arrow.vectorFromArray(Array<string>(1000).fill(text), new arrow.Utf8());
    const whole = arrow.tableToIPC(new arrow.Table({ prompt: texts, response: texts }), 'stream');
    // A message is 8 bytes, and a description whose size stands in them; 8 bytes say that no batch follows.
    const schema = 8 + new DataView(whole.buffer, whole.byteOffset).getUint32(4, true);
    const path = await scratch.write('rows.arrow', whole.subarray(0, schema));
    const file = await open(path, 'a');
    for (let i = 0; i < rows / 1000; i++) await file.write(whole.subarray(schema, -8));
    await file.close();
    expect((await stat(path)).size).toBeGreaterThan(200 << 20);
    const seen = await watched(path);
    expect(seen.rows).toBe(rows);
    expect(seen.most).toBeLessThan(16 << 20);
  });

  it('packed with gzip are unpacked as they are read', async () => {
    const block = `${JSON.stringify({ prompt: text, response: text })}\n`.repeat(1000);
    const path = await scratch.write('rows.jsonl.gz', '');
    const packed = gzipSync(block, { level: 1 });
    const file = await open(path, 'a');
    for (let i = 0; i < rows / 1000; i++) await file.write(packed);
    await file.close();
    const seen = await watched(path);
    expect(seen.rows).toBe(rows);
    expect(seen.most).toBeLessThan(8 << 20);
  });
});

describe('a few bytes that unpack to very many', () => {
  const megabytes = 400;

  it('are passed over as one row that is too long', async () => {
    const packed = gzipSync(Buffer.alloc(1 << 20, 'x'));
    const begin = gzipSync('{"prompt":"p","response":"r"}\n{"prompt":"');
    const path = await scratch.write('bomb.jsonl.gz', begin);
    const file = await open(path, 'a');
    for (let i = 0; i < megabytes; i++) await file.write(packed);
    await file.write(gzipSync('"}\n{"prompt":"p","response":"r"}\n'));
    await file.close();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 1);
    const kinds: boolean[] = [];
    for await (const row of (await openDataset(path)).rows()) kinds.push(isBadRow(row));
    clearInterval(timer);
    expect(kinds).toEqual([false, true, false]);
    expect(most).toBeLessThan(64 << 20);
  });
});

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
      // What tests before this one left would hide what is held now, once it is collected.
      collectGarbage();
      const before = process.memoryUsage().arrayBuffers;
      let most = 0;
      const look = (): void => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      };
      const timer = setInterval(look, 1);
      const dataset = await openDataset(path);
      let bad = 0;
      let last = -1;
      for await (const row of dataset.rows()) {
        // The timer may miss, on a busy machine, the few moments in which much is held.
        if (bad < 2) look();
        if (isBadRow(row)) bad++;
        else last = row.row;
      }
      clearInterval(timer);
      // Something was seen at all: a block that is read has 64 KiB.
      expect(most).toBeGreaterThan(1 << 16);
      expect(most).toBeLessThan(24 << 20);
      expect(last).toBe(bad + 1);
      if (badRows !== undefined) expect(bad).toBe(badRows);
    },
  );
});
