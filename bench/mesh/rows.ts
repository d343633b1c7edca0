/** Rows to index, of the demo's fine-tuning data, which every checkout has. */
import { readFile, writeFile } from 'node:fs/promises';

export interface BenchRow {
  readonly prompt: string;
  readonly response: string;
  readonly label: string;
}

/** Relative to the repository root, from which benchmarks run. */
export const ROWS_FILE = 'demo/data/finetune.jsonl';

/** `count` rows from row `begin` on; throws where there are fewer. */
export async function demoRows(count: number, begin = 0): Promise<BenchRow[]> {
  const rows = await allRows();
  if (rows.length < begin + count) {
    throw new Error(`${ROWS_FILE} has ${rows.length} rows, fewer than ${begin + count}`);
  }
  return rows.slice(begin, begin + count);
}

/** `count` different rows, their prompts cut to so many characters, so that few tokens hold them and some response. */
export async function shortRows(count: number, characters: number): Promise<BenchRow[]> {
  const rows = await allRows();
  return Array.from({ length: count }, (_, i) => {
    const { prompt, response, label } = rows[i % rows.length];
    return { prompt: prompt.slice(0, characters), response: `${i}. ${response}`, label };
  });
}

export async function writeRows(path: string, rows: readonly BenchRow[]): Promise<void> {
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

async function allRows(): Promise<BenchRow[]> {
  const lines = (await readFile(ROWS_FILE, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as BenchRow);
}
