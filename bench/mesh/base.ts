/**
 * What a base model costs an index: the same rows built without and with it, in turns, and the engine alone over one batch at
 * several layers. A base costs one forward, so it weighs most at the last layer, where nothing goes back through the blocks.
 */
import { join, resolve } from 'node:path';
import type { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { CENTRE_ROWS, PROJECTION_SEED } from '../../lib/taught/constants.ts';
import { batchByTokens, type Sample } from '../../services/compute/engine/attribution/sample.ts';
import { loadPair } from '../../services/compute/engine/attribution/load-pair.ts';
import { BATCH_TOKENS } from '../../services/compute/engine/attribution/signature-batches.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import {
  taughtSignaturesOfBatch,
  type ModelPair,
} from '../../services/compute/engine/attribution/taught-signatures.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { renderRow } from '../../services/compute/service/rendering.ts';
import { interleave, type Contender } from '../measure/interleave.ts';
import { quantile, summarize, type Summary } from '../measure/statistics.ts';
import { percent, short, table } from '../measure/table.ts';
import { deleteIndex, timeBuild, type BuildInput } from './build.ts';
import { embeddedMesh } from './local-mesh.ts';
import { demoRows, writeRows, type BenchRow } from './rows.ts';

export interface BaseSettings {
  readonly rows: number;
  readonly maxTokens: number;
  readonly rounds: number;
}

/** Seconds without and with the base, and the ratio of the two in one round: the middle one, and the ends of the middle half. */
export interface Cost {
  readonly of: string;
  readonly without: Summary;
  readonly with: Summary;
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number };
}

interface Parts {
  readonly gpu: Gpu;
  readonly folder: string;
}

/** Fully fine-tuned. Relative to the repository root, from which benchmarks run. */
const DEMO = 'demo';
const TUNED = join(DEMO, 'tuned');
const BASE = join(DEMO, 'base');
/** As many as an index is prepared over. */
const FIRST = CENTRE_ROWS;

export async function measureBase(parts: Parts, settings: BaseSettings): Promise<Cost[]> {
  const rows = await demoRows(settings.rows);
  return [...(await buildCosts(parts, rows, settings)), ...(await engineCosts(parts, rows, settings))];
}

/** Of the first rows, for which an index is prepared too, of signing the others, and of all of it. */
async function buildCosts(
  { folder }: Parts,
  rows: readonly BenchRow[],
  { maxTokens, rounds }: BaseSettings,
): Promise<Cost[]> {
  const mesh = await embeddedMesh({ folder, model: DEMO });
  try {
    const input = { model: resolve(TUNED), dataset: join(folder, 'rows.jsonl'), layers: 'auto', maxTokens };
    const builders = [input, { ...input, base: resolve(BASE) }].map(
      (one) => new Builder(mesh.client, one, rows),
    );
    // No repeats: a run takes seconds.
    const [without, beside] = await interleave(builders, { rounds, sampleSeconds: 0 });
    const [timings, timingsBeside] = builders.map((builder) => builder.timings.slice(-rounds));
    const cost = (of: string, seconds: (timing: Timing) => number): Cost =>
      costOf(of, timings.map(seconds), timingsBeside.map(seconds));
    return [
      cost(`first ${FIRST} rows, prepared`, ({ first }) => first),
      cost(`signing ${rows.length - FIRST} more`, ({ signing }) => signing),
      costOf(`both builds, ${rows.length} rows`, without, beside),
    ];
  } finally {
    await mesh.close();
  }
}

/** Seconds. */
interface Timing {
  readonly first: number;
  readonly signing: number;
}

/** Builds an index of the first rows, then adds the others: these need nothing but to be signed. */
class Builder implements Contender {
  /** Of every run, warm-up included. */
  readonly timings: Timing[] = [];
  readonly #client: GraphqlClient;
  readonly #input: Omit<BuildInput, 'name'>;
  readonly #rows: readonly BenchRow[];

  constructor(client: GraphqlClient, input: Omit<BuildInput, 'name'>, rows: readonly BenchRow[]) {
    this.#client = client;
    this.#input = input;
    this.#rows = rows;
  }

  async run(repeats: number): Promise<void> {
    const { dataset, base } = this.#input;
    const input = { ...this.#input, name: base === undefined ? 'without' : 'with' };
    for (let i = 0; i < repeats; i++) {
      await writeRows(dataset, this.#rows.slice(0, FIRST));
      const { whole: first } = await timeBuild(this.#client, input);
      await writeRows(dataset, this.#rows);
      const { id, signing } = await timeBuild(this.#client, input);
      this.timings.push({ first, signing });
      await deleteIndex(this.#client, id);
    }
  }
}

/** Of one full batch, at the last layer, the middle one and the first block's. */
async function engineCosts(
  { gpu }: Parts,
  rows: readonly BenchRow[],
  { maxTokens, rounds }: BaseSettings,
): Promise<Cost[]> {
  const [tuned, base] = [await openModelFolder(TUNED), await openModelFolder(BASE)];
  const samples = rows.map((row, i) =>
    renderRow(tuned, { ...row, context: [], raw: null }, maxTokens, `row ${i}`),
  );
  const [batch = []] = batchByTokens(samples, BATCH_TOKENS);
  const pair = await loadPair(gpu, tuned, base);
  const { layers: last } = tuned.config;
  try {
    const costs: Cost[] = [];
    for (const layer of [last, Math.floor(last / 2), 1]) {
      const contenders = [new Signing(pair, batch, layer, false), new Signing(pair, batch, layer, true)];
      const [without, beside] = await interleave(contenders, { rounds, sampleSeconds: 0.5 });
      costs.push(costOf(`engine, layer ${layer} of ${last}`, without, beside));
    }
    return costs;
  } finally {
    pair.close();
  }
}

class Signing implements Contender {
  readonly #pair: ModelPair;
  readonly #batch: readonly Sample[];
  readonly #layers: readonly number[];
  readonly #beside: boolean;

  constructor(pair: ModelPair, batch: readonly Sample[], layer: number, beside: boolean) {
    this.#pair = pair;
    this.#batch = batch;
    this.#layers = [layer];
    this.#beside = beside;
  }

  async run(repeats: number): Promise<void> {
    const layers = this.#layers;
    for (let i = 0; i < repeats; i++) {
      const results = this.#beside
        ? await taughtSignaturesOfBatch(this.#pair, this.#batch, {
            layers,
            tokenRows: { seed: PROJECTION_SEED },
          })
        : await signaturesOfBatch(this.#pair.tuned, this.#batch, { layers });
      for (const result of results) if ('error' in result) throw result.error;
    }
  }
}

function costOf(of: string, without: readonly number[], beside: readonly number[]): Cost {
  const ratios = beside.map((seconds, round) => seconds / without[round]);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share));
  return { of, without: summarize(without), with: summarize(beside), ratio: { low, median, high } };
}

export function baseTable(costs: readonly Cost[]): string {
  return table(
    ['of', 'seconds without', 'spread', 'seconds with', 'spread', 'ratio', 'middle half of the rounds'],
    costs.map(({ of, without, with: beside, ratio }) => [
      of,
      short(without.median),
      percent(without.spread),
      short(beside.median),
      percent(beside.spread),
      short(ratio.median),
      `${short(ratio.low)} to ${short(ratio.high)}`,
    ]),
  );
}
