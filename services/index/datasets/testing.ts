/** For tests: a folder for datasets, and all that a dataset gives. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBadRow, type BadRow, type DatasetOptions, type DatasetRow } from './dataset.ts';
import { openDataset } from './open-dataset.ts';

export interface Scratch {
  readonly dir: string;
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  remove(): Promise<void>;
}

export async function scratchFolder(): Promise<Scratch> {
  const dir = await mkdtemp(join(tmpdir(), 'reptrace-datasets-'));
  return {
    dir,
    async write(name, content) {
      const path = join(dir, name);
      await writeFile(path, content);
      return path;
    },
    remove: () => rm(dir, { recursive: true }),
  };
}

export interface AllRows {
  readonly rows: readonly DatasetRow[];
  readonly bad: readonly BadRow[];
}

export async function readAll(path: string, options?: DatasetOptions, from = 0): Promise<AllRows> {
  const dataset = await openDataset(path, options);
  const rows: DatasetRow[] = [];
  const bad: BadRow[] = [];
  for await (const row of dataset.rows(from)) {
    if (isBadRow(row)) bad.push(row);
    else rows.push(row);
  }
  return { rows, bad };
}
