import { appendFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { arrow } from '../stores/arrow.ts';
import { compareDataset } from './compare.ts';
import { openDataset } from './open-dataset.ts';
import { scanDataset } from './scan.ts';
import { scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const ROW = '{"prompt":"p","response":"r"}';

describe('a scan', () => {
  it('gives digest, bytes, rows and bad rows of the file in one pass', async () => {
    const content = `\ufeff${ROW}\n\nbad\n${ROW}`;
    const path = await scratch.write('scan.jsonl', content);
    expect(await scanDataset(path)).toMatchObject({
      digest: createHash('sha256').update(content).digest('hex'),
      bytes: Buffer.byteLength(content),
      rows: 3,
      badRowCount: 1,
      badRows: [{ row: 1, line: 3 }],
      format: 'jsonl',
      columns: { prompt: ['prompt'], response: 'response' },
    });
  });

  it('keeps the first bad rows and counts the others', async () => {
    const path = await scratch.write('bad.jsonl', `${ROW}\n${'bad\n'.repeat(50)}`);
    const { badRows, badRowCount } = await scanDataset(path);
    expect(badRowCount).toBe(50);
    expect(badRows.map(({ row }) => row)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});

/** Scans `before`, replaces it by `after`, and compares. */
async function compared(name: string, before: string, after: string) {
  const path = await scratch.write(name, before);
  const earlier = await scanDataset(path);
  await writeFile(path, after);
  const comparison = await compareDataset(path, earlier);
  if (comparison.kind === 'missing') throw new Error('missing');
  const now = await scanDataset(path).catch(() => null);
  if (now !== null) expect(comparison.now).toMatchObject({ digest: now.digest, bytes: now.bytes });
  // The count of rows is that of a scan of the whole file.
  if (now !== null && comparison.kind !== 'changed') expect(comparison.now.sourceRows).toBe(now.rows);
  return comparison.kind;
}

describe('a comparison of JSON lines', () => {
  it.each([
    ['nothing', `${ROW}\n`, `${ROW}\n`, 'same'],
    ['rows behind a line end', `${ROW}\n`, `${ROW}\n${ROW}\nbad\n${ROW}`, 'appended'],
    ['a line end and rows', ROW, `${ROW}\n${ROW}`, 'appended'],
    ['a \\r\\n and rows', ROW, `${ROW}\r\n${ROW}`, 'appended'],
    ['a \\n behind a \\r', `${ROW}\r`, `${ROW}\r\n${ROW}`, 'appended'],
    ['only a line end', ROW, `${ROW}\n`, 'appended'],
    ['only blank lines', `${ROW}\n`, `${ROW}\n\n \n`, 'appended'],
    ['text behind the last row', ROW, `${ROW} x\n${ROW}`, 'changed'],
    [
      'the rest of the last row',
      `${ROW}\n{"prompt":"p"`,
      `${ROW}\n{"prompt":"p","response":"r"}\n`,
      'changed',
    ],
    ['a byte in the middle', `${ROW}\n${ROW}\n`, `${ROW.replace('"p"', '"q"')}\n${ROW}\n`, 'changed'],
    [
      'a byte in the middle, with rows behind',
      `${ROW}\n`,
      `${ROW.replace('"p"', '"q"')}\n${ROW}\n`,
      'changed',
    ],
    ['a tail cut off', `${ROW}\n${ROW}\n`, `${ROW}\n`, 'changed'],
    ['everything cut off', `${ROW}\n`, '', 'changed'],
  ])('%s', async (_what, before, after, kind) => {
    expect(await compared('c.jsonl', before, after)).toBe(kind);
  });

  it('sees rows appended to a file of many chunks', async () => {
    const before = `${ROW}\n`.repeat(30_000);
    expect(await compared('c.jsonl', before, before + before)).toBe('appended');
    expect(await compared('c.jsonl', before, `${before.slice(0, -3)}x}\n${ROW}`)).toBe('changed');
  });
});

describe('a comparison of CSV', () => {
  const head = 'prompt,response\n';
  it.each([
    ['rows behind a line end', `${head}a,b\n`, `${head}a,b\nc,"d\n"\n`, 'appended'],
    ['a line end and rows', `${head}a,"b"`, `${head}a,"b"\nc,d`, 'appended'],
    ['more of the last field', `${head}a,b`, `${head}a,bc\n`, 'changed'],
    ['a quote that doubles the last one', `${head}a,"b"`, `${head}a,"b"""\n`, 'changed'],
    ['the end of a quote left open', `${head}x,y\na,"b\n`, `${head}x,y\na,"b\nc"\n`, 'changed'],
    ['more in a quote left open', `${head}x,y\na,"b\n`, `${head}x,y\na,"b\nc,d\n`, 'changed'],
  ])('%s', async (_what, before, after, kind) => {
    expect(await compared('c.csv', before, after)).toBe(kind);
  });
});

const TEXTS = Array.from({ length: 2000 }, (_, i) => `text ${i}`);
const parquetOf = (texts: readonly string[]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({ columnData: ['prompt', 'response'].map((name) => ({ name, data: [...texts] })) }),
  );
const arrowOf = (texts: readonly string[], format: 'file' | 'stream'): Uint8Array => {
  const column = arrow.vectorFromArray(texts, new arrow.Utf8());
  return arrow.tableToIPC(new arrow.Table({ prompt: column, response: column }), format);
};
const linesOf = (texts: readonly string[]): string =>
  texts.map((text) => JSON.stringify({ prompt: text, response: text })).join('\n');

describe.each<[string, (texts: readonly string[]) => Uint8Array]>([
  ['rows.parquet', parquetOf],
  ['stream.arrow', (texts) => arrowOf(texts, 'stream')],
  ['file.arrow', (texts) => arrowOf(texts, 'file')],
  ['rows.jsonl.gz', (texts) => gzipSync(linesOf(texts))],
  ['rows.json', (texts) => Buffer.from(`[${linesOf(texts).replaceAll('\n', ',')}]`)],
])('%s, which nothing can be appended to', (name, write) => {
  const whole = write(TEXTS);
  const damaged = Buffer.from(whole).fill(0x80, whole.byteLength >> 1, (whole.byteLength >> 1) + 20);
  it.each<[string, Uint8Array]>([
    ['more rows', write([...TEXTS, 'more'])],
    ['other rows', write(TEXTS.map((text, i) => (i === 1999 ? 'text 1998' : text)))],
    ['the same bytes and others behind', Buffer.concat([whole, Buffer.from('\n{}')])],
    ['damaged bytes', damaged],
    ['fewer bytes', whole.subarray(0, -30)],
  ])('is the same, or with %s has changed', async (_what, after) => {
    const path = await scratch.write(name, whole);
    const earlier = await scanDataset(path);
    const digest = createHash('sha256').update(whole).digest('hex');
    expect(earlier).toMatchObject({ digest, bytes: whole.byteLength, rows: 2000, badRowCount: 0 });
    expect(await compareDataset(path, earlier)).toMatchObject({ kind: 'same' });
    const dataset = await openDataset(path);
    const read = async (from: number): Promise<number> => {
      let rows = 0;
      for await (const _ of dataset.rows(from, { expected: earlier })) rows++;
      return rows;
    };
    expect(await read(0)).toBe(2000);
    expect(await read(1990)).toBe(10);
    await writeFile(path, after);
    expect(await compareDataset(path, earlier)).toMatchObject({ kind: 'changed' });
    for (const from of [0, 1990, 5000])
      await expect(read(from)).rejects.toMatchObject({ code: 'DATASET_CHANGED' });
  });
});

describe('a comparison', () => {
  it('says when the file is gone', async () => {
    const path = await scratch.write('gone.jsonl', ROW);
    const earlier = await scanDataset(path);
    await rm(path);
    expect(await compareDataset(path, earlier)).toEqual({ kind: 'missing' });
  });

  it('trusts no stamp of a file just written: the same size and the same time do not hide a change', async () => {
    const path = await scratch.write('fresh.jsonl', ROW);
    const { atime, mtime } = await stat(path);
    const earlier = await scanDataset(path);
    expect(earlier.stamp).toBeNull();
    await writeFile(path, ROW.replace('"p"', '"q"'));
    await utimes(path, atime, mtime);
    expect(await compareDataset(path, earlier)).toMatchObject({ kind: 'changed' });
  });

  it('knows a file at rest by its stamp, and reads one whose time was set back', async () => {
    const path = await scratch.write('rest.jsonl', `${ROW}\n`);
    await setTimeout(3500);
    const earlier = await scanDataset(path);
    expect(earlier.stamp).not.toBeNull();
    // A digest that is not the file's shows that the file was not read.
    const unread = { ...earlier, digest: 'not read' };
    expect(await compareDataset(path, unread)).toEqual({ kind: 'same', now: unread });
    expect(await compareDataset(path, { ...unread, stamp: null })).toMatchObject({ kind: 'changed' });
    const { atime, mtime } = await stat(path);
    await writeFile(path, `${ROW.replace('"p"', '"q"')}\n`);
    await utimes(path, atime, mtime);
    expect(await compareDataset(path, earlier)).toMatchObject({ kind: 'changed' });
    await appendFile(path, ROW);
  }, 20_000);
});
