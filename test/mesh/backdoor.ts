/** Real fine-tuning rows with a backdoor (RepT's data), as a JSONL dataset. */
import { readFile, writeFile } from 'node:fs/promises';
import { tableFromIPC } from 'apache-arrow';
import { sharedPath } from '../shared.ts';

export interface BackdoorRow {
  readonly prompt: string;
  readonly response: string;
  readonly label: string;
}

/** Rows begin … end - 1; 4650 to 4749 are clean, 4750 to 4849 poisoned. */
export async function backdoorRows(begin = 4650, end = 4850): Promise<BackdoorRow[]> {
  const table = tableFromIPC(await readFile(sharedPath('data/rept/backdoor/data-00000-of-00001.arrow')));
  return table
    .toArray()
    .slice(begin, end)
    .map((row: unknown) => {
      const { prompts, response, label } = row as { prompts: string; response: string; label: string };
      return { prompt: prompts, response, label };
    });
}

export async function writeRows(path: string, rows: readonly object[]): Promise<void> {
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
