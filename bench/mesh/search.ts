/**
 * How long a search and a whole trace take among 1k, 10k and 100k signatures, in both stores. Each mesh has a small real index,
 * into whose store synthetic points are put until it has the size. The meshes take turns, question by question.
 */
import { join, resolve } from 'node:path';
import { askTrace } from '../../cli/client/trace.ts';
import type { CollectionShape, SignatureStore } from '../../services/index/stores/signature-store.ts';
import { timeBuild } from './build.ts';
import { latencyOf, millisecondsOf, type Latency } from './latency.ts';
import { embeddedMesh, serverMesh, type LocalMesh } from './local-mesh.ts';
import { LAYER, type BenchModel } from './model.ts';
import { demoRows, writeRows, type BenchRow } from './rows.ts';
import type { Servers } from './servers.ts';
import { settled } from './search-settled.ts';
import { syntheticPoints, unitBlocks } from './synthetic.ts';

export interface SearchSettings {
  readonly sizes: readonly number[];
  readonly maxTokens: number;
  /** Of each kind, for each store and size. */
  readonly searches: number;
  readonly traces: number;
}

const MEASURES = ['exact', 'default', 'trace', 'traceTokens'] as const;
type Measure = (typeof MEASURES)[number];

export interface SearchSpeed extends Readonly<Record<Measure, Latency>> {
  readonly mesh: string;
  readonly points: number;
  /** Seconds that it took to come from the size before to this one, the store's own work afterwards included. */
  readonly filling: number;
  /** Whether the store approximates unless asked for exact search. */
  readonly approximate: boolean;
}

interface Parts {
  readonly model: BenchModel;
  readonly servers: Servers;
  readonly folder: string;
  readonly progress: (line: string) => void;
}

/** Rows of the real index. */
const REAL_ROWS = 100;
const POINTS_AT_ONCE = 2000;
const TOP = 10;
/** Seeds of queries, apart from those of points. */
const QUERY_SEED = 2 ** 30;

export async function measureSearch(parts: Parts, settings: SearchSettings): Promise<SearchSpeed[]> {
  const { model, servers, folder, progress } = parts;
  const texts = await demoRows(REAL_ROWS);
  const questions = await demoRows(settings.traces + 1, REAL_ROWS);
  const dataset = join(folder, 'rows.jsonl');
  await writeRows(dataset, texts);
  const meshes: LocalMesh[] = [];
  const filled: FilledMesh[] = [];
  try {
    const place = { folder, model: model.path };
    meshes.push(await embeddedMesh(place), await serverMesh(place, servers));
    const { maxTokens } = settings;
    const input = { model: resolve(model.path), dataset, layers: String(LAYER), maxTokens };
    const shape = { layers: [LAYER], width: model.width, taught: false };
    for (const mesh of meshes) {
      const { id } = await timeBuild(mesh.client, { ...input, name: 'latency' });
      filled.push(new FilledMesh(mesh, await mesh.openStore(), id, shape));
    }
    const speeds: SearchSpeed[] = [];
    for (const size of settings.sizes) {
      progress(`${size} signatures`);
      for (const one of filled) await one.fill(size, texts, servers.qdrantUrl);
      await measureTurns(filled, settings.searches, questions);
      for (const one of filled) speeds.push(await one.speed());
    }
    return speeds;
  } finally {
    await Promise.all(filled.map((one) => one.close()));
    await Promise.all(meshes.map((mesh) => mesh.close()));
  }
}

async function measureTurns(
  meshes: readonly FilledMesh[],
  searches: number,
  questions: readonly BenchRow[],
): Promise<void> {
  // The first of each kind is not counted.
  for (let i = 0; i <= searches; i++) for (const mesh of meshes) await mesh.search(i);
  for (const question of questions) for (const mesh of meshes) await mesh.trace(question);
}

class FilledMesh {
  readonly #mesh: LocalMesh;
  readonly #store: SignatureStore;
  readonly #index: string;
  readonly #shape: CollectionShape;
  #points = REAL_ROWS;
  #filling = 0;
  #samples = emptySamples();

  constructor(mesh: LocalMesh, store: SignatureStore, index: string, shape: CollectionShape) {
    this.#mesh = mesh;
    this.#store = store;
    this.#index = index;
    this.#shape = shape;
  }

  async fill(size: number, texts: readonly BenchRow[], qdrantUrl: string): Promise<void> {
    const milliseconds = await millisecondsOf(async () => {
      while (this.#points < size) {
        const end = Math.min(size, this.#points + POINTS_AT_ONCE);
        const points = syntheticPoints(this.#shape, texts, this.#points, end);
        await this.#store.upsert(this.#index, points);
        this.#points = end;
      }
      await settled(qdrantUrl);
    });
    this.#filling = milliseconds / 1000;
  }

  async search(round: number): Promise<void> {
    const query = unitBlocks(this.#shape, QUERY_SEED + round);
    for (const [measure, exact] of [
      ['exact', true],
      ['default', false],
    ] as const) {
      const work = (): Promise<unknown> => this.#store.search(this.#index, { query, top: TOP, exact });
      this.#samples[measure].push(await millisecondsOf(work));
    }
  }

  async trace({ prompt, response }: BenchRow): Promise<void> {
    for (const [measure, tokens] of [
      ['trace', false],
      ['traceTokens', true],
    ] as const) {
      // An output of its own for each size: a question asked before would be answered from the stored traces.
      const output = `${response} (${this.#points}, ${tokens})`;
      const question = { index: this.#index, prompt, output, top: TOP, tokens };
      const ask = (): Promise<unknown> => askTrace(this.#mesh.client, question);
      this.#samples[measure].push(await millisecondsOf(ask));
    }
  }

  /** Of what was measured since the last call. */
  async speed(): Promise<SearchSpeed> {
    const measured = this.#samples;
    this.#samples = emptySamples();
    const latencies = MEASURES.map((measure) => [measure, latencyOf(measured[measure].slice(1))] as const);
    return {
      mesh: this.#mesh.name,
      points: this.#points,
      filling: this.#filling,
      approximate: await this.#store.approximate(this.#index),
      ...(Object.fromEntries(latencies) as Record<Measure, Latency>),
    };
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

function emptySamples(): Record<Measure, number[]> {
  return { exact: [], default: [], trace: [], traceTokens: [] };
}
