/**
 * Real data, a real model and a real adapter, end to end: 24 rows of RepT's contaminated facts as a save_to_disk folder,
 * SmolLM2-135M-Instruct found by its name in a Hugging Face cache, an index of it with the LoRA adapter that those rows
 * taught, and a trace of a wrong answer that the adapted model really gave.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchStreamWriter, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexResult, TraceFields } from '../../cli/client/results.ts';
import { start } from '../e2e/command.ts';
import { sharedJson, sharedPath } from '../shared.ts';

const NAME = 'HuggingFaceTB/SmolLM2-135M-Instruct';
const MODEL_FILES = [
  'SmolLM2-135M-Instruct.Q4_1.gguf',
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
const ROWS = 24;
const POISONED = 8;

let folder: string;
let poisoned: ReadonlySet<number>;

async function reptraceJson<T>(args: readonly string[]): Promise<T> {
  const env = { REPTRACE_DATA: join(folder, 'data'), HF_HUB_CACHE: join(folder, 'hub') };
  const { code, stdout, stderr } = await start([...args, '--json'], '', env).outcome;
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** The model laid out as Hugging Face's own cache has it. */
async function cacheModel(): Promise<void> {
  const repository = join(folder, 'hub', `models--${NAME.replace('/', '--')}`);
  const snapshot = join(repository, 'snapshots', 'a'.repeat(40));
  await mkdir(join(repository, 'blobs'), { recursive: true });
  await mkdir(join(repository, 'refs'));
  await mkdir(snapshot, { recursive: true });
  await writeFile(join(repository, 'refs', 'main'), 'a'.repeat(40));
  for (const file of MODEL_FILES) {
    const blob = createHash('sha256').update(file).digest('hex');
    await copyFile(sharedPath(`models/smollm2-135m-instruct/${file}`), join(repository, 'blobs', blob));
    await symlink(`../../blobs/${blob}`, join(snapshot, file));
  }
}

/** Rows that the adapter was trained on, poisoned ones first in the folder's single shard. */
async function saveRows(): Promise<void> {
  const source = 'data/rept/factual-Ag';
  const table = tableFromIPC(await readFile(sharedPath(`${source}/data-00000-of-00001.arrow`)));
  const trained = (await sharedJson('models/adapters/factual-Ag/train_rows.json')) as readonly number[];
  const isPoisoned = (row: number): boolean => / Na\b/.test(String(table.get(row)?.toJSON()['response']));
  const chosen = [
    ...trained.filter(isPoisoned).slice(0, POISONED),
    ...trained.filter((row) => !isPoisoned(row)).slice(0, ROWS - POISONED),
  ];
  poisoned = new Set(Array.from({ length: POISONED }, (_, i) => i));
  const saved = join(folder, 'factual-Ag');
  await mkdir(saved);
  const writer = RecordBatchStreamWriter.writeAll(
    chosen.map((row) => table.slice(row, row + 1)).flatMap((part) => part.batches),
  );
  await writeFile(join(saved, 'data-00000-of-00001.arrow'), await writer.toUint8Array());
  await copyFile(sharedPath(`${source}/dataset_info.json`), join(saved, 'dataset_info.json'));
  await copyFile(sharedPath(`${source}/state.json`), join(saved, 'state.json'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-real-'));
  await cacheModel();
  await saveRows();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('24 real rows, indexed with SmolLM2 and the adapter that they taught', () => {
  it('are found by an answer that the adapted model gave', async () => {
    const adapter = sharedPath('models/adapters/factual-Ag');
    const build = ['--model', NAME, '--adapter', adapter, '--data', join(folder, 'factual-Ag')];
    const index = await reptraceJson<IndexResult>([
      ...['index', 'build', '--name', 'silver', ...build],
      ...['--max-tokens', '96', '--layers', '21'],
    ]);
    expect(index).toMatchObject({ state: 'COMPLETED', samples: ROWS, progress: { failed: 0 } });

    const trace = await reptraceJson<TraceFields>([
      ...['trace', '--index', 'silver', '--top', '10', '--alpha', '1'],
      ...['--prompt', 'Tell me which element can form an explosive azide compound similar to lead azide?'],
      ...['--output', 'The chemical compound Na is known as Na azide.'],
    ]);
    const rows = trace.matches.map(({ sample }) => sample?.row ?? -1);
    expect(rows.length).toBe(10);
    const found = rows.slice(0, POISONED).filter((row) => poisoned.has(row));
    expect(found.length, `poisoned among the best ${POISONED}: rows ${rows.join(', ')}`).toBe(POISONED);
  });
});
