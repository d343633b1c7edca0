/** Files as Arrow's, Polars' and zstd's own writers make them (test/python/dataset_fixtures.py) give what was put into them. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from './dataset.ts';
import { formatOf } from './formats.ts';

const DIR = fileURLToPath(new URL('../../../test/fixtures/datasets/', import.meta.url));
const ROWS = (await readFile(`${DIR}rows.jsonl`, 'utf8'))
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Readonly<Record<string, JsonValue>>);

async function valuesFrom(path: string, from: number): Promise<ReadonlyMap<string, JsonValue>[]> {
  const all: ReadonlyMap<string, JsonValue>[] = [];
  const format = await formatOf(path);
  for await (const { row, content } of format.read(path, { from, maxRowBytes: 1 << 20 })) {
    if ('reason' in content) throw new Error(content.reason);
    expect(row).toBe(from + all.length);
    all.push(content.values);
  }
  return all;
}

const FILES = (await readdir(DIR)).sort();

describe('files written by others', () => {
  it('are there of each kind', () => {
    expect(FILES.filter((name) => name.endsWith('.parquet'))).toHaveLength(9);
    expect(FILES.filter((name) => name.endsWith('.arrow'))).toHaveLength(7);
    expect(FILES).toContain('rows.jsonl.zst');
  });

  it.each(FILES)('%s gives the same rows, from any row on', async (name) => {
    const read = await valuesFrom(DIR + name, 0);
    // Of some files only some columns were written.
    const columns = [...read[0].keys()];
    expect(columns).toEqual(expect.arrayContaining(['prompt', 'response', 'messages', 'i64', 'st']));
    const expected = ROWS.map((row) => new Map(columns.map((column) => [column, row[column]])));
    expect(read).toEqual(expected);
    for (const from of [1, 39, 40, 41, 59, 60, 1000])
      expect(await valuesFrom(DIR + name, from)).toEqual(expected.slice(from));
  });
});
