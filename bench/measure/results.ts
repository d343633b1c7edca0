/** Where a benchmark's figures are kept: bench/results/<benchmark>-<adapter>.json, replaced by each run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Relative to the repository root, from which benchmarks run. */
const FOLDER = 'bench/results';

/** @returns the file's path */
export async function writeResults(name: string, results: object): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const path = join(FOLDER, `${name}.json`);
  await writeFile(path, `${JSON.stringify(results, rounded, 2)}\n`);
  return path;
}

/** Six digits are more than any timing has; lists of samples stay readable. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
