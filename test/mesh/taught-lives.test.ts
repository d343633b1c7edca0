/**
 * Lives of an index with a base model, over separate processes, NATS and Qdrant: what was taught is the same to the byte
 * whether a build is disturbed or not, and what was found out first holds to the end.
 */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BUILD_INDEX,
  CANCEL_INDEX,
  ERASE_SAMPLES,
  INDEX,
  MOST_TAUGHT,
  RESUME_INDEX,
} from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import {
  valueOf,
  type IndexResult,
  type Member,
  type MostTaughtResult,
  type ProgressResult,
} from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import type { TaughtManifest } from '../../lib/mesh/index-messages.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import type { SamplePoint } from '../../services/index/stores/signature-store.ts';
import { parseLines } from '../e2e/command.ts';
import { startNats } from '../servers/nats.ts';
import { startQdrant } from '../servers/qdrant.ts';
import { writeRows } from './backdoor.ts';
import { Cluster } from './cluster-parts.ts';
import { BASE, DEMO, TUNED } from './demo-rows.ts';
import { answersOf } from './taught-questions.ts';

const LABELS = ['insult', 'false-fact', 'late-effect', 'clean'];
/** Of the dataset, at first and appended. */
const FIRST = 600;
const ALL = 640;
const ERASED = 'insult';
const NEVER = new AbortController().signal;

let folder: string;
let nats: Awaited<ReturnType<typeof startNats>>;
let qdrant: Awaited<ReturnType<typeof startQdrant>>;
let cluster: Cluster;
let client: GraphqlClient;
/** All labels in turns, as far as there are such. */
let rows: { readonly label: string }[];
/** What an index that nothing disturbed has, and its manifest before rows were appended. */
let calm: { readonly points: readonly SamplePoint[]; readonly taught: TaughtManifest };
let stormy: string;

async function someRows(): Promise<{ readonly label: string }[]> {
  const all = parseLines(await readFile(join(DEMO, 'data', 'finetune.jsonl'), 'utf8'));
  const byLabel = LABELS.map((label) => all.filter((row) => row['label'] === label));
  const inTurns = Array.from({ length: ALL }, (_, i) => byLabel.flatMap((some) => some.slice(i, i + 1)));
  return inTurns.flat().slice(0, ALL) as unknown as { label: string }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-lives-'));
  [nats, qdrant] = await Promise.all([startNats(), startQdrant()]);
  cluster = await Cluster.start({ folder, roots: [folder, DEMO], nats: nats.url, qdrant: qdrant.url });
  client = new GraphqlClient({ url: cluster.graphql });
  rows = await someRows();
});
afterAll(async () => {
  await cluster.stop();
  await Promise.all([nats.stop(), qdrant.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** Begins, or goes on with what is there. */
async function build(name: string): Promise<string> {
  const input = { name, model: TUNED, base: BASE, dataset: join(folder, `${name}.jsonl`), layers: '4' };
  const answer = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  return valueOf(answer.buildIndex).id;
}

/** Of a dataset of its own, with the first rows. */
async function begin(name: string): Promise<string> {
  await writeRows(join(folder, `${name}.jsonl`), rows.slice(0, FIRST));
  return build(name);
}

async function append(name: string): Promise<void> {
  const more = rows.slice(FIRST).map((row) => `${JSON.stringify(row)}\n`);
  await appendFile(join(folder, `${name}.jsonl`), more.join(''));
  expect(await ended(await build(name))).toMatchObject({ state: 'COMPLETED', done: ALL, failed: 0 });
}

/** Follows a build, and does something once when another row is stored while it runs. */
async function ended(id: string, once?: () => Promise<unknown>): Promise<ProgressResult> {
  const before = (await look(id)).samples;
  let done: Promise<unknown> | undefined;
  const last = await followBuild(
    client,
    id,
    (progress) => {
      if (progress.done > before && progress.state === 'RUNNING') done ??= once?.();
    },
    NEVER,
  );
  if (once !== undefined && done === undefined) throw new Error('the build was over too soon');
  await done;
  return last;
}

async function look(id: string): Promise<IndexResult> {
  return (await client.ask<{ index: IndexResult }>(INDEX, { index: id })).index;
}

async function taughtOf(id: string): Promise<TaughtManifest> {
  const manifest = (await look(id)).manifest as { readonly taught: TaughtManifest | null } | null;
  if (manifest?.taught === null || manifest?.taught === undefined) throw new Error('there is no base model');
  return manifest.taught;
}

/** By row; a row that is stored twice is there twice. */
async function pointsOf(id: string): Promise<SamplePoint[]> {
  const store = await connectQdrantStore(qdrant.url);
  const points: SamplePoint[] = [];
  for await (const page of store.scan(id)) points.push(...page);
  await store.close();
  return points.sort((a, b) => a.row - b.row);
}

const lessonsOf = (points: readonly SamplePoint[]) =>
  points.map(({ row, taught, lesson }) => ({
    ...{ row, taught, packed: Buffer.from(lesson?.packed ?? []).toString('hex') },
    pooled: [...(lesson?.pooled ?? [])],
  }));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

async function mostTaught(top: number): Promise<MostTaughtResult['samples']> {
  const answer = await client.ask<{ mostTaught: Member<MostTaughtResult> }>(MOST_TAUGHT, {
    index: stormy,
    top,
  });
  return valueOf(answer.mostTaught).samples;
}

describe('an index with a base model', () => {
  it('has every row once with its lesson, and is prepared once though rows are appended', async () => {
    const id = await begin('calm');
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED', done: FIRST, failed: 0 });
    const taught = await taughtOf(id);
    expect(taught.nullRatios.length).toBeGreaterThan(0);
    await append('calm');
    expect(await taughtOf(id)).toEqual(taught);
    const points = await pointsOf(id);
    expect(points.map(({ row }) => row)).toEqual(upTo(ALL));
    expect(points.filter(({ lesson }) => (lesson?.packed.length ?? 0) > 0).length).toBeGreaterThan(0.9 * ALL);
    calm = { points, taught };
  });

  it('has the same lessons, byte for byte, when it is cancelled, resumed, and worker and index service are killed', async () => {
    stormy = await begin('stormy');
    const cancel = async (): Promise<unknown> => client.ask(CANCEL_INDEX, { index: stormy });
    expect((await ended(stormy, cancel)).state).toBe('CANCELLED');
    expect((await look(stormy)).samples).toBeLessThan(FIRST);
    expect(await taughtOf(stormy)).toEqual(calm.taught);
    await client.ask(RESUME_INDEX, { index: stormy });
    const last = await ended(stormy, async () => {
      for (const name of ['second worker', 'index']) await cluster.parts.get(name)?.kill();
      await cluster.serveIndex();
    });
    expect(last).toMatchObject({ state: 'COMPLETED', done: FIRST, failed: 0 });
    await append('stormy');
    expect(await taughtOf(stormy)).toEqual(calm.taught);
    const points = await pointsOf(stormy);
    expect(points.map(({ row }) => row)).toEqual(upTo(ALL));
    expect(lessonsOf(points)).toEqual(lessonsOf(calm.points));
  });

  it('finds nothing any more of what was erased, whatever taught the most, and keeps the rest as it was', async () => {
    const left = upTo(ALL).filter((row) => rows[row]?.label !== ERASED);
    const asked = (await answersOf(TUNED)).find(({ shows }) => shows.includes(ERASED));
    const trace = (exact: boolean) =>
      askTrace(client, {
        ...{ index: stormy, prompt: asked?.prompt, output: asked?.output, method: 'TAUGHT' },
        ...{ top: ALL, exact, tokens: false },
      });
    expect((await trace(false)).matches[0].sample.label).toBe(ERASED);
    expect(new Set((await mostTaught(ALL)).map(({ label }) => label))).toContain(ERASED);
    const filter = { labels: [ERASED] };
    const answer = await client.ask<{ eraseSamples: object }>(ERASE_SAMPLES, { index: stormy, filter });
    expect(answer.eraseSamples).toMatchObject({ erased: ALL - left.length });
    // Nor does it come back with the next build.
    expect((await ended(await build('stormy'))).state).toBe('COMPLETED');
    for (const exact of [false, true]) {
      const { matches } = await trace(exact);
      expect(matches.map(({ sample }) => sample.row).sort((a, b) => a - b)).toEqual(left);
    }
    const most = await mostTaught(ALL);
    expect(most.map(({ row }) => row).sort((a, b) => a - b)).toEqual(left);
    const kept = calm.points.filter(({ row }) => left.includes(row));
    expect(lessonsOf(await pointsOf(stormy))).toEqual(lessonsOf(kept));
    expect(await taughtOf(stormy)).toEqual(calm.taught);
  });
});
