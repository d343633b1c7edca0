/** Seeded mutations of datasets: each ends in rows and bad rows that add up, or in a named error; a change is never missed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../lib/errors.ts';
import { Random } from '../../../lib/random.ts';
import { compareDataset } from './compare.ts';
import { isBadRow, type BadRow, type DatasetRow } from './dataset.ts';
import { openDataset } from './open-dataset.ts';
import { scanDataset, type DatasetScan } from './scan.ts';
import { scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const ROWS = Array.from({ length: 12 }, (_, i) => ({
  prompt: `Question ${i}: "ä, 🙂"?\n`,
  response: `Answer ${i}, with a comma`,
  label: i % 2 === 0 ? 'even' : '',
  source: `web ${i}`,
}));
const chat = ROWS.map(({ prompt, response, label }) => ({
  messages: [
    { role: 'user', content: [{ type: 'text', text: prompt }] },
    { role: 'assistant', content: response },
  ],
  label,
  meta: { deep: [1, { x: 1.5e10 }] },
}));
const lines = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

const BASES: readonly (readonly [string, string])[] = [
  ['text.jsonl', lines(ROWS)],
  ['chat.jsonl', `\ufeff${lines(chat).replaceAll('\n', '\r\n')}\r\n`],
  [
    'rows.csv',
    `prompt,response,label,source\n${ROWS.map((row) => Object.values(row).map(quoted).join(',')).join('\r\n')}\n`,
  ],
];

const BITS = [
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\\',
  '\\ud83d',
  '\\u0000',
  '\0',
  '{',
  '[',
  '[[[[[[[[[[[[[[[[[[',
  '}',
  ']',
  ':',
  '1e999',
  '-',
  'null',
  '\ufeff',
  '"__proto__":',
  '"prompt":"x",',
  '🙂',
];
const BYTES = [0x80, 0xff, 0xc0, 0xed, 0xf5];

/** One to three changes: a bit flipped, bytes put in, taken out, doubled, or cut off. */
function mutate(whole: Buffer, random: Random): Buffer {
  let out: Buffer = Buffer.from(whole);
  for (let changes = 1 + random.int(3); changes > 0; changes--) {
    const at = random.int(out.byteLength);
    const until = at + random.int(40);
    const put = (some: Uint8Array, over = 0): Buffer =>
      Buffer.concat([out.subarray(0, at), some, out.subarray(at + over)]);
    switch (random.int(7)) {
      case 0:
        out[at] ^= 1 << random.int(8);
        break;
      case 1:
        out = put(Buffer.from(random.pick(BITS)));
        break;
      case 2:
        out = put(Buffer.from([random.pick(BYTES)]), random.int(2));
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(until)]);
        break;
      case 4:
        out = put(out.subarray(at, until));
        break;
      case 5:
        out = out.subarray(0, at + 1);
        break;
      default:
        out = Buffer.concat([out, Buffer.from(random.pick(BITS))]);
    }
  }
  return out;
}

async function everything(path: string, from = 0): Promise<(DatasetRow | BadRow)[]> {
  const all: (DatasetRow | BadRow)[] = [];
  for await (const row of (await openDataset(path, { maxRowBytes: 4096 })).rows(from)) all.push(row);
  return all;
}

function checkRow(row: DatasetRow | BadRow): void {
  if (isBadRow(row)) {
    expect(row.reason).not.toBe('');
    expect(row.reason.length).toBeLessThan(400);
    return;
  }
  expect(typeof row.prompt).toBe('string');
  expect(row.response).not.toBe('');
  // What is kept survives being written as UTF-8: it has no lone surrogates, and no numbers that are not finite.
  const text = JSON.stringify(row, (_key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('not finite');
    return value;
  });
  expect(LONE_SURROGATE.test(text)).toBe(false);
}

/** As JSON escapes it; an escape that the text itself has begins with two backslashes. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

describe.each(BASES)('%s, mutated', (name, content) => {
  it('ends in rows, bad rows or a named error, and a change is seen', async () => {
    const random = new Random(name.length);
    const whole = Buffer.from(content);
    const original = await scanDataset(await scratch.write(name, whole));
    expect(original).toMatchObject({ rows: ROWS.length, badRowCount: 0 });
    const before = await everything(await scratch.write(name, whole));
    const tally = { read: 0, bad: 0, refused: 0, appended: 0 };
    for (let i = 0; i < 150; i++) {
      const mutated = mutate(whole, random);
      const path = await scratch.write(name, mutated);
      const note = `mutation ${i}`;
      const comparison = await compareDataset(path, original, { maxRowBytes: 4096 });
      expect(comparison.kind === 'same', note).toBe(mutated.equals(whole));
      let scan: DatasetScan;
      try {
        scan = await scanDataset(path, { maxRowBytes: 4096 });
      } catch (error) {
        if (!(error instanceof ReptraceError)) throw error;
        expect(error.code, note).toBe('DATASET_INVALID');
        expect(error.message.length).toBeLessThan(3000);
        tally.refused++;
        continue;
      }
      const all = await everything(path);
      expect(
        all.map(({ row }) => row),
        note,
      ).toEqual(Array.from({ length: scan.rows }, (_, row) => row));
      expect(all.filter(isBadRow).length, note).toBe(scan.badRowCount);
      expect(await everything(path, 5), note).toEqual(all.slice(5));
      all.forEach(checkRow);
      tally.read++;
      if (scan.badRowCount > 0) tally.bad++;
      if (comparison.kind !== 'appended') continue;
      // The promise that indexing on relies upon: the earlier rows are what they were.
      expect(all.slice(0, before.length), note).toEqual(before);
      expect(comparison.now.sourceRows, note).toBe(scan.rows);
      tally.appended++;
    }
    expect(tally.read).toBeGreaterThan(60);
    expect(tally.bad).toBeGreaterThan(30);
    expect(tally.refused).toBeGreaterThan(0);
    expect(tally.appended).toBeGreaterThan(0);
  });
});
