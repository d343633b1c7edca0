import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatOf } from './formats.ts';
import { openDataset } from './open-dataset.ts';
import { scanDataset } from './scan.ts';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const ZSTD = await readFile(
  fileURLToPath(new URL('../../../test/fixtures/datasets/rows.jsonl.zst', import.meta.url)),
);
const LINES = Array.from({ length: 5000 }, (_, i) =>
  JSON.stringify({ prompt: `question ${i} ä🙂`, response: `${(i * 7919) % 1009}`.repeat(i % 9) + '.' }),
);
const TEXT = LINES.join('\n');
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * A block whose literals have a Huffman table of one weight: header (last, compressed, 20 bytes); literals of 4 bytes packed
 * into 12, in one stream; a table of 4 bytes: 2^5 in all, of them 32 for weight 0.
 */
const ENDLESS = [0xa5, 0x00, 0x00, 0x42, 0x00, 0x03, 0x04, 0xf0, 0x03, 0x00, 0x80];

describe('a packed text file', () => {
  it.each([
    ['a.jsonl.gz', 'jsonl.gz'],
    ['a.JSONL.GZ', 'jsonl.gz'],
    ['without-saying-so.jsonl', 'jsonl.gz'],
  ])('%s is read as the text in it', async (name, format) => {
    const plain = await readAll(await scratch.write('a.jsonl', TEXT));
    const packed = gzipSync(TEXT);
    const path = await scratch.write(name, packed);
    expect(await readAll(path)).toEqual(plain);
    // The digest is of the bytes that lie on the disk.
    expect(await scanDataset(path)).toMatchObject({
      ...{ format, rows: LINES.length, badRowCount: 0 },
      ...{ digest: sha(packed), bytes: packed.byteLength },
    });
  });

  it('may be CSV, TSV or a JSON list', async () => {
    const rows = [{ prompt: 'p', response: 'r' }];
    for (const [name, text] of [
      ['a.csv.gz', 'prompt,response\np,r\n'],
      ['a.tsv.gz', 'prompt\tresponse\np\tr\n'],
      ['a.json.gz', '[{"prompt":"p","response":"r"}]'],
    ])
      expect(await readAll(await scratch.write(name, gzipSync(text)))).toMatchObject({ rows, bad: [] });
  });

  it('that is named as one, and is plain, is read as it is', async () => {
    const { rows } = await readAll(await scratch.write('plain.jsonl.gz', TEXT));
    expect(rows).toHaveLength(LINES.length);
  });

  it('may consist of several parts put together', async () => {
    const parts = [gzipSync(TEXT.slice(0, 70_000)), gzipSync(''), gzipSync(TEXT.slice(70_000))];
    const { rows } = await readAll(await scratch.write('parts.jsonl.gz', Buffer.concat(parts)));
    expect(rows).toHaveLength(LINES.length);
  });

  it('counts what stands behind its end for the digest', async () => {
    for (const behind of [Buffer.alloc(100), Buffer.alloc(600_000)]) {
      const bytes = Buffer.concat([gzipSync(TEXT), behind]);
      const path = await scratch.write('behind.jsonl.gz', bytes);
      expect(await scanDataset(path)).toMatchObject({ digest: sha(bytes), bytes: bytes.byteLength });
    }
  });

  const packed = gzipSync(Buffer.from(LINES.join('\n').repeat(20)), { level: 1 });
  it.each([
    ['cut off', 'x.jsonl.gz', packed.subarray(0, -1000), /gzip: unexpected end/],
    ['damaged', 'x.jsonl.gz', Buffer.from(packed).fill(0x55, 200_000, 201_000), /unpacked as gzip/],
    [
      'of another sum',
      'x.jsonl.gz',
      Buffer.concat([packed.subarray(0, -8), Buffer.alloc(4), packed.subarray(-4)]),
      /gzip: incorrect data check/,
    ],
    ['cut off', 'x.jsonl.zst', ZSTD.subarray(0, -1), /zstd: it ends within a frame/],
    ['cut off in a header', 'x.jsonl.zst', ZSTD.subarray(0, 5), /zstd: it ends within a frame/],
    ['followed by something', 'x.jsonl.zst', Buffer.concat([ZSTD, Buffer.from('more')]), /zstd/],
    // Windows of 2^41 bytes; a block of 2 MiB; a dictionary.
    ['of a huge window', 'x.jsonl.zst', zstdFrame([0x00, 0xf8]), /window of \d+ bytes is larger/],
    [
      'of a huge block',
      'x.jsonl.zst',
      zstdFrame([0x00, 0x00, 0xff, 0xff, 0xff]),
      /of no known type|larger than/,
    ],
    ['of a dictionary', 'x.jsonl.zst', zstdFrame([0x01, 0x00, 0x07]), /needs a dictionary/],
    ['of a table without end', 'x.jsonl.zst', zstdFrame([0x00, 0x00, ...ENDLESS]), /one weight only/],
  ])('%s (%s) is refused, and its file is let go of', async (_what, name, bytes, message) => {
    const path = await scratch.write(name, bytes);
    const before = (await readdir('/dev/fd')).length;
    await expect(scanDataset(path)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
    expect((await readdir('/dev/fd')).length).toBeLessThanOrEqual(before);
  });

  it('is let go of when a reader stops early', async () => {
    const path = await scratch.write('early.jsonl.gz', packed);
    const dataset = await openDataset(path);
    const before = (await readdir('/dev/fd')).length;
    for (let i = 0; i < 20; i++) for await (const row of dataset.rows()) if (row.row === 3) break;
    expect((await readdir('/dev/fd')).length).toBeLessThan(before + 3);
  });

  it('never has rows added to it', async () => {
    expect((await formatOf(await scratch.write('a.jsonl.gz', gzipSync(TEXT)))).appendable).toBe(false);
    expect((await formatOf(await scratch.write('a.jsonl', TEXT))).appendable).toBe(true);
  });
});

/** Magic bytes, and what follows; behind it room for what a reader waits for. */
function zstdFrame(bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...bytes]), Buffer.alloc(64)]);
}
