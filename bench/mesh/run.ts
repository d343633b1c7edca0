/**
 * `npm run bench -- mesh`: what the mesh costs over the engine, and a base model over none, how long searches and traces take, and whether memory grows with
 * the rows. Prints a table for each and keeps all timings in bench/results.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { machineLine } from '../engine/report.ts';
import { adapterSlug, describeMachine, type Machine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { baseTable, measureBase } from './base.ts';
import { measureIndexing } from './indexing.ts';
import { measureMemory } from './memory.ts';
import { findBenchModel, type BenchModel } from './model.ts';
import { indexingTable, memoryTable, searchTable } from './report.ts';
import { ROWS_FILE } from './rows.ts';
import { measureSearch } from './search.ts';
import { measureTaughtSearch, taughtSearchTable, type TaughtSearchSettings } from './search-taught.ts';
import { startServers, type Servers } from './servers.ts';

export const MESH_PARTS = ['indexing', 'base', 'search', 'taught', 'memory'] as const;
export type MeshPart = (typeof MESH_PARTS)[number];

export interface MeshBenchOptions {
  /** All of them where it is left out. */
  readonly only: MeshPart | undefined;
  /** Builds through each mesh that are counted. */
  readonly rounds: number;
  /** Little of everything, to see that it works; no results are kept. */
  readonly quick: boolean;
}

/** Of the form of the results files. */
const VERSION = 1;

interface Settings {
  readonly indexing: { readonly rows: number; readonly maxTokens: number };
  readonly base: { readonly rows: number; readonly maxTokens: number };
  readonly search: Parameters<typeof measureSearch>[1];
  readonly taught: TaughtSearchSettings;
  readonly memory: Parameters<typeof measureMemory>[1];
}

const FULL: Settings = {
  indexing: { rows: 600, maxTokens: 128 },
  base: { rows: 600, maxTokens: 128 },
  search: { sizes: [1_000, 10_000, 100_000], maxTokens: 128, searches: 100, traces: 40 },
  taught: { points: 100_000, widths: [64, 576], searches: 40, recallQuestions: 20 },
  memory: { rows: 20_000, maxTokens: 32 },
};
const QUICK: Settings = {
  indexing: { rows: 40, maxTokens: 128 },
  base: { rows: 200, maxTokens: 128 },
  search: { sizes: [200, 2_000], maxTokens: 128, searches: 5, traces: 3 },
  taught: { points: 2_000, widths: [64], searches: 3, recallQuestions: 3 },
  memory: { rows: 3_000, maxTokens: 32 },
};

interface Bench {
  readonly gpu: Gpu;
  readonly machine: Machine;
  readonly model: BenchModel;
  readonly settings: Settings;
  readonly options: MeshBenchOptions;
}

export async function benchMesh(options: MeshBenchOptions): Promise<void> {
  const gpu = await Gpu.open();
  try {
    const machine = describeMachine(gpu.report);
    const model = await findBenchModel();
    const bench = { gpu, machine, model, settings: options.quick ? QUICK : FULL, options };
    say(machineLine(machine));
    say(`${model.path}, rows of ${ROWS_FILE}`);
    const { only } = options;
    if (only === undefined || only === 'indexing') await benchIndexing(bench);
    if (only === undefined || only === 'base') await benchBase(bench);
    if (only === undefined || only === 'search') await benchSearch(bench);
    if (only === undefined || only === 'taught') await benchTaught(bench);
    if (only === undefined || only === 'memory') await benchMemory(bench);
  } finally {
    gpu.close();
  }
}

async function benchIndexing(bench: Bench): Promise<void> {
  const settings = { ...bench.settings.indexing, rounds: bench.options.rounds };
  progress(`indexing, ${settings.rounds} rounds`);
  const speed = await withFolder((folder) =>
    withServers((servers) => measureIndexing({ ...bench, servers, folder }, settings)),
  );
  say(`\nIndexing ${speed.rows} rows of ${speed.tokens} tokens, layer ${speed.layer}\n`);
  say(indexingTable(speed));
  await keep(bench, 'indexing', settings, speed);
}

async function benchBase(bench: Bench): Promise<void> {
  const settings = { ...bench.settings.base, rounds: bench.options.rounds };
  progress(`with a base model, ${settings.rounds} rounds`);
  const costs = await withFolder((folder) => measureBase({ ...bench, folder }, settings));
  say(`\nIndexing ${settings.rows} rows with a base model over without\n`);
  say(baseTable(costs));
  await keep(bench, 'base', settings, { costs });
}

async function benchSearch(bench: Bench): Promise<void> {
  const settings = bench.settings.search;
  progress('search');
  const speeds = await withFolder((folder) =>
    withServers((servers) => measureSearch({ ...bench, servers, folder, progress }, settings)),
  );
  say('\nMilliseconds of a search and of a whole trace, top 10: p50 / p95\n');
  say(searchTable(speeds));
  await keep(bench, 'search', settings, { speeds });
}

async function benchTaught(bench: Bench): Promise<void> {
  const settings = bench.settings.taught;
  progress('search by taught tokens');
  const speeds = await withFolder((folder) =>
    withServers(({ qdrantUrl }) => measureTaughtSearch({ folder, qdrantUrl, progress }, settings)),
  );
  say('\nSearches by taught tokens, all that a trace waits for once its output is signed\n');
  say(taughtSearchTable(speeds));
  await keep(bench, 'taught', settings, { speeds });
}

async function benchMemory(bench: Bench): Promise<void> {
  if (process.platform !== 'linux') {
    say(`\nMemory is not measured: it is read from /proc, which ${process.platform} does not have`);
    return;
  }
  const settings = bench.settings.memory;
  progress(`memory, ${settings.rows} rows`);
  const use = await withFolder((folder) => measureMemory({ ...bench, folder }, settings));
  say(`\nMemory of \`reptrace up\` while it indexes ${use.rows} rows in ${use.seconds.toFixed(0)} s`);
  say(`Largest reading after the first mark: ${use.largest.toFixed(0)} MiB\n`);
  say(memoryTable(use));
  await keep(bench, 'memory', settings, use);
}

async function keep(
  { gpu, machine, model, options }: Bench,
  part: MeshPart,
  settings: object,
  measured: object,
) {
  if (options.quick) return;
  const path = await writeResults(`mesh-${part}-${adapterSlug(gpu.report)}`, {
    benchmark: `mesh, ${part}`,
    version: VERSION,
    machine: { ...machine, loadAfter: loadavg()[0] },
    model: model.path,
    rowsOf: ROWS_FILE,
    settings,
    ...measured,
  });
  say(`\nAll timings: ${path}`);
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withServers<T>(use: (servers: Servers) => Promise<T>): Promise<T> {
  const servers = await startServers();
  try {
    return await use(servers);
  } finally {
    await servers.close();
  }
}
