/**
 * The rows of the RepT paper's dataset: in the folder that `datasets` saved, in its one file, and written in each other
 * format they are the same.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBadRow, type Dataset, type DatasetRow } from '../../services/index/datasets/dataset.ts';
import { openDataset } from '../../services/index/datasets/open-dataset.ts';
import { scanDataset } from '../../services/index/datasets/scan.ts';
import { sharedPath } from '../shared.ts';

interface Sample {
  readonly prompts: string;
  readonly response: string;
  readonly label: string;
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reptrace-rept-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function samplesOf(name: string): Promise<Sample[]> {
  const table = tableFromIPC(await readFile(sharedPath(`data/rept/${name}/data-00000-of-00001.arrow`)));
  return table.toArray().map((row: unknown) => {
    const { prompts, response, label } = row as Sample;
    return { prompts, response, label };
  });
}

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
const columns = ['prompts', 'response', 'label'] as const;
const lines = (samples: readonly Sample[]): string =>
  samples.map((sample) => JSON.stringify(sample)).join('\n');
const FORMATS: Readonly<Record<string, (samples: readonly Sample[]) => string | Uint8Array>> = {
  jsonl: lines,
  'jsonl.gz': (samples) => gzipSync(lines(samples)),
  json: (samples) => JSON.stringify(samples, null, 2),
  parquet: (samples) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: columns.map((name) => ({ name, data: samples.map((sample) => sample[name]) })),
        rowGroupSize: 300,
      }),
    ),
  csv: (samples) =>
    ['prompts,response,label', ...samples.map((sample) => Object.values(sample).map(quoted).join(','))].join(
      '\r\n',
    ),
};

async function expectRows(path: string, samples: readonly Sample[]): Promise<void> {
  const dataset = await openDataset(path);
  const rows: unknown[] = [];
  for await (const { row, prompt, response, label, metadata } of goodRows(dataset))
    rows.push({ row, prompt, response, label, metadata });
  expect(rows).toEqual(
    samples.map(({ prompts, response, label }, row) => ({
      row,
      prompt: prompts,
      response,
      label,
      metadata: {},
    })),
  );
  expect(await scanDataset(path)).toMatchObject({ rows: samples.length, badRowCount: 0 });
}

async function* goodRows(dataset: Dataset): AsyncGenerator<DatasetRow> {
  for await (const row of dataset.rows()) {
    if (isBadRow(row)) throw new Error(row.reason);
    yield row;
  }
}

describe.each(['backdoor', 'factual-Ag'])('the %s rows', (name) => {
  it('are those of the folder as it was saved, and of its file', async () => {
    const samples = await samplesOf(name);
    expect(samples.length).toBeGreaterThanOrEqual(1000);
    await expectRows(sharedPath(`data/rept/${name}`), samples);
    await expectRows(sharedPath(`data/rept/${name}/data-00000-of-00001.arrow`), samples);
  });

  it.each(Object.keys(FORMATS))('are the same as %s', async (format) => {
    const samples = await samplesOf(name);
    const path = join(dir, `${name}.${format}`);
    await writeFile(path, FORMATS[format](samples));
    await expectRows(path, samples);
  });
});

describe('the test questions', () => {
  // They are prompts alone, beside an index that the header does not name: nothing that a model could have learnt.
  it.each(['backdoor_test', 'factual-Ag_test'])(
    'of %s are refused: no row has the fields of its header',
    async (name) => {
      await expect(openDataset(sharedPath(`data/rept/${name}.csv`))).rejects.toMatchObject({
        code: 'DATASET_INVALID',
        message: expect.stringContaining('the header has 1 fields, and this row more') as unknown,
      });
    },
  );
});
