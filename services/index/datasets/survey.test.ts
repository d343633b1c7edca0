import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataset } from './open-dataset.ts';
import { surveyDataset, type SurveyOptions } from './survey.ts';
import { scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeEach(async () => {
  scratch = await scratchFolder();
});
afterEach(() => scratch.remove());

const OPTIONS: SurveyOptions = {
  milliseconds: 60_000,
  most: 64,
  mostBytes: 1e6,
  sizeOf: ({ prompt, response }) => prompt.length + response.length,
};
const line = (i: number, response = 'yes'): string =>
  JSON.stringify({ prompt: `question ${String(i).padStart(6, '0')}`, response });
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(i)).join('\n');

async function survey(content: string, change: Partial<SurveyOptions> = {}) {
  const path = await scratch.write('data.jsonl', content);
  return surveyDataset(await openDataset(path), { ...OPTIONS, ...change });
}

describe('surveyDataset', () => {
  it('counts every row, and keeps rows spread evenly over all of them', async () => {
    const { exact, rows, sourceRows, badRowCount, sample } = await survey(lines(1000));
    expect({ exact, rows, sourceRows, badRowCount }).toEqual({
      ...{ exact: true, rows: 1000, sourceRows: 1000, badRowCount: 0 },
    });
    const kept = sample.map(({ row }) => row);
    expect(kept.length).toBeGreaterThan(32);
    expect(kept.length).toBeLessThanOrEqual(64);
    const steps = new Set(kept.slice(1).map((row, i) => row - kept[i]));
    expect(steps).toEqual(new Set([16]));
    expect(kept[0]).toBe(0);
  });

  it('keeps all rows of a small dataset, and none of those that cannot be read', async () => {
    const { rows, badRowCount, badRows, sample } = await survey(
      [line(0), '{"prompt": 3', line(2)].join('\n'),
    );
    expect([rows, badRowCount, sample.map(({ row }) => row)]).toEqual([3, 1, [0, 2]]);
    expect(badRows).toMatchObject([{ row: 1, line: 2 }]);
  });

  it('never holds more than so many bytes, and passes over rows that are larger by themselves', async () => {
    const large = Array.from({ length: 50 }, (_, i) => line(i, 'x'.repeat(i % 5 === 0 ? 5000 : 500)));
    const { rows, sample } = await survey(large.join('\n'), { mostBytes: 3000 });
    expect(rows).toBe(50);
    expect(sample.length).toBeGreaterThan(1);
    const bytes = sample.reduce((sum, row) => sum + OPTIONS.sizeOf(row), 0);
    expect(bytes).toBeLessThanOrEqual(3000);
  });

  it('ends early where it takes too long, and extrapolates from the bytes', async () => {
    const { exact, rows, sourceRows } = await survey(lines(200_000), { milliseconds: 100 });
    expect(exact).toBe(false);
    expect(rows / 200_000).toBeGreaterThan(0.9);
    expect(rows / 200_000).toBeLessThan(1.1);
    expect(sourceRows).toBe(rows);
  });

  it('takes the number of rows of Parquet from its footer where it ends early', async () => {
    const data = Array.from({ length: 20_000 }, (_, i) => `text ${i}`);
    const columnData = ['prompt', 'response'].map((name) => ({ name, data, type: 'STRING' as const }));
    const path = await scratch.write('data.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
    const { exact, rows } = await surveyDataset(await openDataset(path), { ...OPTIONS, milliseconds: 5 });
    expect({ exact, rows }).toEqual({ exact: false, rows: 20_000 });
  });
});
