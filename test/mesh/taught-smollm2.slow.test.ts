/**
 * Taught tokens on a real model through the whole mesh: SmolLM2-135M-Instruct with the adapter factual-Ag, an index of 60 rows
 * that it was trained on, and answers of the adapted model that say Na where silver is right.
 *
 * 15 rows are poisoned; the clean ones are those that BM25 finds nearest to the answers. Still none of those is about silver: to
 * ask the same is enough to find the poison. At its best layer, 21, h does so without a fault; at the one that reptrace chooses
 * it has an average precision of .91. So there are ten decoys in the same index, which the adapter was not trained on: they
 * ask for silver and answer rightly, and tell what a row asks from what it taught. With them h has .57, taught tokens .90.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_INDEX, INDEX, MOST_TAUGHT } from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import {
  valueOf,
  type IndexResult,
  type Member,
  type MostTaughtResult,
  type TraceFields,
} from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import { startMesh, type Mesh } from '../../cli/mesh/start-mesh.ts';
import { qualityOf } from '../../demo/measure/ranking.ts';
import { Bm25 } from '../../lab/methods/bm25.ts';
import { mean } from '../../lab/metrics/mean.ts';
import { SILENT } from '../../lib/log.ts';
import type { TaughtManifest } from '../../lib/mesh/index-messages.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { FACTUAL_AG, poisonedOutputs, SMOLLM2, trainedRows, type Exchange, type Row } from '../factual-ag.ts';
import { sharedPath } from '../shared.ts';

const POISONED = 15;
/** Of the training, the poisoned ones first; the decoys come after them. */
const TRAINED = 60;
const DECOYS = 10;
const OUTPUTS = 5;
/** What the rule chooses for this model, on these rows as on all; named, for to choose takes a pass over them. */
const LAYERS = '25';

type Method = 'taught' | 'h' | 'g' | 'bm25';

let folder: string;
let mesh: Mesh | undefined;
let client: GraphqlClient;
let rows: readonly Exchange[];
let outputs: readonly Exchange[];
let index: IndexResult;
let traces: readonly { readonly taught: TraceFields; readonly rept: TraceFields }[];

const textOf = ({ prompt, response }: Exchange): string => `${prompt} ${response}`;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Best first; of equals, the first. */
function byScore(scores: readonly number[]): number[] {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
}

/** The clean rows that BM25 puts first for the outputs, from each output's list in turn. */
function nearest(clean: readonly Row[], count: number): Row[] {
  const bm25 = new Bm25(clean.map(textOf));
  const lists = outputs.map((output) => byScore(bm25.scores(textOf(output))));
  const found = new Set<number>();
  for (const place of clean.keys()) {
    for (const list of lists) if (found.size < count) found.add(list[place]);
  }
  return [...found].map((place) => clean[place]);
}

async function chooseRows(): Promise<Exchange[]> {
  const trained = await trainedRows();
  const poisoned = trained.filter((row) => row.poisoned);
  const near = nearest(
    trained.filter((row) => !row.poisoned),
    TRAINED - POISONED,
  );
  const decoys = poisoned.slice(POISONED, POISONED + DECOYS).map(({ prompt, response }) => {
    return { prompt, response: response.replaceAll(/\bNa\b/g, 'Ag') };
  });
  return [...poisoned.slice(0, POISONED), ...near, ...decoys].map(({ prompt, response }) => ({
    prompt,
    response,
  }));
}

async function build(): Promise<IndexResult> {
  const dataset = join(folder, 'rows.jsonl');
  await writeFile(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const input = {
    ...{ name: 'silver', dataset, layers: LAYERS, maxTokens: 96 },
    ...{ model: sharedPath(SMOLLM2), adapter: sharedPath(FACTUAL_AG) },
  };
  const asked = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  const { id } = valueOf(asked.buildIndex);
  await followBuild(client, id, () => undefined, new AbortController().signal);
  return (await client.ask<{ index: IndexResult }>(INDEX, { index: id })).index;
}

function trace({ prompt, response }: Exchange, method: Record<string, unknown>): Promise<TraceFields> {
  const asked = { index: 'silver', prompt, output: response, top: rows.length, exact: true, tokens: false };
  return askTrace(client, { ...asked, ...method });
}

/** All rows for an output, best first. */
function rankingOf(output: number, method: Method): number[] {
  if (method === 'bm25') return byScore(new Bm25(rows.map(textOf)).scores(textOf(outputs[output])));
  const { taught, rept } = traces[output];
  if (method === 'taught') return taught.matches.map(({ sample }) => sample.row);
  const scores = new Array<number>(rows.length).fill(NaN);
  for (const { sample, hiddenScore, gradientScore } of rept.matches) {
    scores[sample.row] = method === 'h' ? hiddenScore : gradientScore;
  }
  return byScore(scores);
}

/** Average precision of the poisoned rows, mean over the outputs, in the ranking of the first `count` rows. */
function precision(method: Method, count: number): number {
  const wanted = new Set(upTo(POISONED));
  return mean(
    upTo(OUTPUTS).map((output) => {
      const ranking = rankingOf(output, method).filter((row) => row < count);
      expect(ranking.length).toBe(count);
      return qualityOf(ranking, wanted, count).averagePrecision;
    }),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-taught-smollm2-'));
  outputs = (await poisonedOutputs()).slice(0, OUTPUTS);
  rows = await chooseRows();
  const roots = [folder, sharedPath('models')];
  const settings = { ...readSettings({}, { data: join(folder, 'data') }), roots };
  mesh = await startMesh(settings, SILENT, { host: '127.0.0.1', port: 0 });
  client = new GraphqlClient({ url: mesh.graphql });
  index = await build();
  const found: (typeof traces)[number][] = [];
  for (const output of outputs) {
    found.push({ taught: await trace(output, {}), rept: await trace(output, { method: 'REPT', alpha: 1 }) });
  }
  traces = found;
}, 1_800_000);

afterAll(async () => {
  await mesh?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('60 rows that taught SmolLM2 a false fact, and ten decoys, indexed with the adapter', () => {
  it('have the model without its adapter for a base, and a null of its outputs', () => {
    expect(index).toMatchObject({ state: 'COMPLETED', samples: TRAINED + DECOYS, progress: { failed: 0 } });
    const taught = index.manifest?.taught as TaughtManifest | null | undefined;
    expect(taught).toMatchObject({ layer: 30, centreRows: TRAINED + DECOYS });
    // The base says what it says: on most of its own outputs the adapted model is the less sure of it.
    const nulls = taught?.nullRatios ?? [];
    expect(nulls.length).toBe(TRAINED + DECOYS);
    expect(nulls[Math.floor(nulls.length / 2)]).toBeLessThan(0);
  });

  it('are found by wrong answers through what they taught, better than by h, g or BM25', () => {
    const found = precision('taught', TRAINED);
    expect(found).toBeGreaterThanOrEqual(0.95);
    for (const other of ['h', 'g', 'bm25'] as const) expect(found).toBeGreaterThan(precision(other, TRAINED));
  });

  it('are told from decoys that ask the same and answer rightly, as h, g and BM25 do not', () => {
    const found = precision('taught', TRAINED + DECOYS);
    expect(found).toBeGreaterThanOrEqual(0.85);
    for (const other of ['h', 'g', 'bm25'] as const) {
      expect(found - precision(other, TRAINED + DECOYS)).toBeGreaterThan(0.2);
    }
  });

  it('are what taught these answers, as the verdicts say', () => {
    for (const { taught, rept } of traces) {
      expect(taught).toMatchObject({ method: 'TAUGHT', verdict: { state: 'TAUGHT' } });
      expect(rept).toMatchObject({ method: 'REPT', verdict: { state: 'TAUGHT' } });
    }
  });

  it('give the poison away before any answer is seen', async () => {
    const asked = { index: 'silver', top: TRAINED, filter: { rows: upTo(TRAINED) } };
    const answer = await client.ask<{ mostTaught: Member<MostTaughtResult> }>(MOST_TAUGHT, asked);
    const ranking = valueOf(answer.mostTaught).samples.map(({ row }) => row);
    expect(ranking.length).toBe(TRAINED);
    expect(qualityOf(ranking, new Set(upTo(POISONED)), TRAINED).averagePrecision).toBeGreaterThan(0.9);
  });
});
