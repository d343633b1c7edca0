/** The rows of the RepT paper's dataset: written as JSON lines and as CSV, they are read as they are in Arrow. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
const FORMATS: Readonly<Record<string, (samples: readonly Sample[]) => string>> = {
  jsonl: (samples) => samples.map((sample) => JSON.stringify(sample)).join('\n'),
  csv: (samples) =>
    ['prompts,response,label', ...samples.map((sample) => Object.values(sample).map(quoted).join(','))].join(
      '\r\n',
    ),
};

describe.each(['backdoor', 'factual-Ag'])('the %s rows', (name) => {
  it.each(Object.keys(FORMATS))('are the same as %s', async (format) => {
    const samples = await samplesOf(name);
    expect(samples.length).toBeGreaterThanOrEqual(1000);
    const path = join(dir, `${name}.${format}`);
    await writeFile(path, FORMATS[format](samples));
    const dataset = await openDataset(path);
    const rows: unknown[] = [];
    for await (const row of dataset.rows()) rows.push(row);
    expect(rows).toEqual(
      samples.map(({ prompts, response, label }, row) => ({
        row,
        line: expect.any(Number) as unknown,
        prompt: prompts,
        response,
        label,
        metadata: {},
      })),
    );
    expect(await scanDataset(path)).toMatchObject({ rows: samples.length, badRowCount: 0 });
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
