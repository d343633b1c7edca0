/** Writes the demo's rows as JSONL files: one JSON object per line. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Rows as JSONL text, with a newline after the last one. */
export function toJsonl(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Makes the folder where it is missing. */
export async function writeJsonl(path: string, rows: readonly object[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, toJsonl(rows));
}
