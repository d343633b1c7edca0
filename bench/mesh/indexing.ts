/** Samples a second of `index build` through whole meshes, beside the engine alone over the same rows, in turns. */
import { join, resolve } from 'node:path';
import { renderRow } from '../../services/compute/service/rendering.ts';
import { signatureBatches } from '../../services/compute/engine/attribution/signature-batches.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { interleave, type Contender } from '../measure/interleave.ts';
import { quantile, summarize, type Summary } from '../measure/statistics.ts';
import { deleteIndex, timeBuild, type BuildInput, type BuildTiming } from './build.ts';
import { embeddedMesh, serverMesh, type LocalMesh } from './local-mesh.ts';
import { LAYER, type BenchModel } from './model.ts';
import { demoRows, writeRows, type BenchRow } from './rows.ts';
import type { Servers } from './servers.ts';

export interface IndexingSettings {
  readonly rows: number;
  readonly maxTokens: number;
  readonly rounds: number;
}

/** Seconds over the engine's in the same round, less 1: the middle one, and the ends of the middle half. */
export interface Overhead {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly samples: readonly number[];
}

export interface MeshSpeed {
  readonly mesh: string;
  /** Seconds, see BuildTiming. */
  readonly whole: Summary;
  readonly signing: Summary;
  readonly overheadWhole: Overhead;
  readonly overheadSigning: Overhead;
}

export interface IndexingSpeed {
  readonly rows: number;
  readonly tokens: number;
  readonly layer: number;
  readonly engine: Summary;
  readonly meshes: readonly MeshSpeed[];
}

interface Parts {
  readonly gpu: Gpu;
  readonly model: BenchModel;
  readonly servers: Servers;
  readonly folder: string;
}

export async function measureIndexing(parts: Parts, settings: IndexingSettings): Promise<IndexingSpeed> {
  const { model, servers, folder } = parts;
  const rows = await demoRows(settings.rows);
  const dataset = join(folder, 'rows.jsonl');
  await writeRows(dataset, rows);
  const { maxTokens } = settings;
  const input = { model: resolve(model.path), dataset, layers: String(LAYER), maxTokens };
  const samples = await render(model, rows, maxTokens);
  const engine = await model.load(parts.gpu);
  const meshes: LocalMesh[] = [];
  try {
    const place = { folder, model: model.path };
    meshes.push(await embeddedMesh(place), await serverMesh(place, servers));
    const builders = meshes.map((mesh) => new Builder(mesh, input));
    const contenders = [new EngineAlone(engine, samples), ...builders];
    // No repeats: a run takes seconds.
    const [alone] = await interleave(contenders, { rounds: settings.rounds, sampleSeconds: 0 });
    return {
      rows: rows.length,
      tokens: samples.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
      layer: LAYER,
      engine: summarize(alone),
      meshes: builders.map((builder) => speedOf(builder, alone)),
    };
  } finally {
    await Promise.all(meshes.map((mesh) => mesh.close()));
    engine.close();
  }
}

/** As the workers do. */
async function render(model: BenchModel, rows: readonly BenchRow[], maxTokens: number): Promise<Sample[]> {
  const source = await openModelFolder(model.path);
  return rows.map((row, i) => renderRow(source, { ...row, context: [], raw: null }, maxTokens, `row ${i}`));
}

class EngineAlone implements Contender {
  readonly #model: Model;
  readonly #samples: readonly Sample[];

  constructor(model: Model, samples: readonly Sample[]) {
    this.#model = model;
    this.#samples = samples;
  }

  async run(repeats: number): Promise<void> {
    for (let i = 0; i < repeats; i++) {
      for await (const batch of signatureBatches(this.#model, this.#samples, { layers: [LAYER] })) {
        for (const result of batch) if ('error' in result) throw result.error;
      }
    }
  }
}

class Builder implements Contender {
  readonly mesh: LocalMesh;
  /** Of every run, warm-up included. */
  readonly timings: BuildTiming[] = [];
  readonly #input: Omit<BuildInput, 'name'>;

  constructor(mesh: LocalMesh, input: Omit<BuildInput, 'name'>) {
    this.mesh = mesh;
    this.#input = input;
  }

  async run(repeats: number): Promise<void> {
    const { client } = this.mesh;
    for (let i = 0; i < repeats; i++) {
      const timing = await timeBuild(client, { ...this.#input, name: `run ${this.timings.length}` });
      this.timings.push(timing);
      await deleteIndex(client, timing.id);
    }
  }
}

function speedOf({ mesh, timings }: Builder, engine: readonly number[]): MeshSpeed {
  const measured = timings.slice(-engine.length);
  const whole = measured.map((timing) => timing.whole);
  const signing = measured.map((timing) => timing.signing);
  return {
    mesh: mesh.name,
    whole: summarize(whole),
    signing: summarize(signing),
    overheadWhole: overheadOf(whole, engine),
    overheadSigning: overheadOf(signing, engine),
  };
}

function overheadOf(seconds: readonly number[], engine: readonly number[]): Overhead {
  const samples = seconds.map((value, round) => value / engine[round] - 1);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(samples, share));
  return { median, low, high, samples };
}
