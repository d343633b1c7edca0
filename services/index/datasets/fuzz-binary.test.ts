/** Seeded mutations of Parquet, Arrow and packed files: each ends in rows or in a named error, soon and in bounded memory. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../lib/errors.ts';
import { Random } from '../../../lib/random.ts';
import type { SourceRecord } from './dataset.ts';
import { formatOf } from './formats.ts';
import { scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const MUTATIONS = 150;
const MOST_MS = 5000;
/** A page or a batch that is claimed may be as large, and is let go of. */
const MOST_RSS_BYTES = 700 << 20;
const DIR = fileURLToPath(new URL('../../../test/fixtures/datasets/', import.meta.url));

/** What sizes, counts and offsets are set to. */
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** One to three changes, mostly where files describe themselves: at their ends. */
function mutate(whole: Uint8Array, random: Random): Buffer {
  let out: Buffer = Buffer.from(whole);
  for (let changes = 1 + random.int(3); changes > 0; changes--) {
    const near = Math.min(out.byteLength, 3000);
    const at = random.pick([
      random.int(out.byteLength),
      random.int(near),
      out.byteLength - 1 - random.int(near),
    ]);
    switch (random.int(8)) {
      case 0:
      case 1:
        out[at] ^= 1 << random.int(8);
        break;
      case 2:
        out[at] = random.int(256);
        break;
      case 3:
        if (at + 4 <= out.byteLength) out.writeUInt32LE(random.pick(NUMBERS), at);
        break;
      case 4:
        out = Buffer.concat([
          out.subarray(0, at),
          Buffer.alloc(random.int(12), random.int(256)),
          out.subarray(at),
        ]);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + random.int(40))]);
        break;
      case 6:
        out.fill(random.pick([0, 0x80, 0xff]), at, Math.min(out.byteLength, at + random.int(20)));
        break;
      default:
        if (random.int(4) === 0) out = out.subarray(0, at + 1);
        else out = Buffer.concat([out.subarray(0, at), out.subarray(random.int(at + 1))]);
    }
  }
  return out;
}

async function recordsFrom(path: string, from: number): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  const format = await formatOf(path);
  for await (const record of format.read(path, { from, maxRowBytes: 1 << 20, tap: () => undefined }))
    records.push(record);
  return records;
}

const fixture = (name: string): Promise<Buffer> => readFile(DIR + name);
const BASES: readonly (readonly [string, () => Promise<Uint8Array>])[] = [
  ['none.parquet', () => fixture('none.parquet')],
  ['snappy.parquet', () => fixture('snappy.parquet')],
  ['zstd-v2.parquet', () => fixture('zstd-v2.parquet')],
  ['delta.parquet', () => fixture('delta.parquet')],
  ['none-stream.arrow', () => fixture('none-stream.arrow')],
  ['zstd-file.arrow', () => fixture('zstd-file.arrow')],
  ['polars.arrow', () => fixture('polars.arrow')],
  ['rows.jsonl.zst', () => fixture('rows.jsonl.zst')],
  ['rows.jsonl.gz', async () => gzipSync(await fixture('rows.jsonl'))],
];

/** As JSON escapes it; an escape that the text itself has begins with two backslashes. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

describe.each(BASES)('%s, mutated', (name, base) => {
  it('ends in rows or in a named error', async () => {
    const random = new Random(name.length);
    const whole = await base();
    const rss = process.resourceUsage().maxRSS;
    const tally = { read: 0, refused: 0 };
    for (let i = 0; i < MUTATIONS; i++) {
      const path = await scratch.write(name, mutate(whole, random));
      const begun = performance.now();
      try {
        const all = await recordsFrom(path, 0);
        expect(all.map(({ row }) => row)).toEqual(all.map((_, row) => row));
        // Whole rows are kept as JSON: no numbers that are not finite, no lone surrogates.
        for (const { content } of all) {
          const text = JSON.stringify('reason' in content ? content.reason : [...content.values]);
          expect(LONE_SURROGATE.test(text)).toBe(false);
        }
        expect((await recordsFrom(path, 50)).map(({ row }) => row)).toEqual(
          all.slice(50).map(({ row }) => row),
        );
        tally.read++;
      } catch (error) {
        if (!(error instanceof ReptraceError)) throw new Error(`mutation ${i}`, { cause: error });
        expect(error.code, `mutation ${i}`).toBe('DATASET_INVALID');
        expect(error.message.length).toBeLessThan(1000);
        tally.refused++;
      }
      expect(performance.now() - begun, `mutation ${i}`).toBeLessThan(MOST_MS);
    }
    expect((process.resourceUsage().maxRSS - rss) * 1024).toBeLessThan(MOST_RSS_BYTES);
    expect(tally.refused).toBeGreaterThan(30);
    expect(tally.read + tally.refused).toBe(MUTATIONS);
  });
});
