/**
 * Searches by taught tokens against brute force over every row, of the demo's whole index: a mesh over NATS with LanceDB, then
 * the same index in Qdrant. It is small enough that all of its rows are compared; two stages, as larger indexes are searched,
 * are asked of the same rows. Outputs are the tuned model's answers to held-out questions.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERASE_SAMPLES } from '../../cli/client/documents.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { openRecords, openStore } from '../../cli/mesh/parts.ts';
import { startMesh, type Mesh } from '../../cli/mesh/start-mesh.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { connectNatsBus } from '../../lib/bus/nats-bus.ts';
import { call } from '../../lib/bus/procedure.ts';
import { SILENT } from '../../lib/log.ts';
import type { SignedQuestion } from '../../lib/mesh/compute-messages.ts';
import { openIndex, searchIndex, type OpenIndex } from '../../lib/mesh/index-messages.ts';
import { readSettings, type Settings } from '../../lib/mesh/settings.ts';
import type { Records } from '../../lib/records/records.ts';
import { IndexRecords } from '../../services/index/runs/index-records.ts';
import { LessonSamples, sampleLessons } from '../../services/index/search/lesson-samples.ts';
import { Best } from '../../services/index/search/ranked.ts';
import { searchIndex as searchInService } from '../../services/index/search/search-index.ts';
import { measureTaughtRecall } from '../../services/index/search/taught-recall.ts';
import { lessonOf, TaughtScorer, type TaughtIndex } from '../../services/index/search/taught-search.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';
import { startNats } from '../servers/nats.ts';
import { startQdrant } from '../servers/qdrant.ts';
import { BASE, DEMO, TUNED } from './demo-rows.ts';
import { answersOf, buildWhole, searchTaught, signAll, type Found, type Search } from './taught-questions.ts';

const BEHAVIOURS = ['insult', 'false-fact', 'late-effect'];
const ROWS = 1300;
const TOP = 20;
/** Answers of each behaviour that show it; there are 39 at least. */
const EACH = 22;
/** Of the 200 answers that show none, every so manyth. */
const CLEAN_STEP = 4;
/** Of the questions, those that are put to Qdrant in two stages too: every so manyth. */
const QDRANT_STEP = 4;
/** Scores that differ by less are the same: sums of a few hundred products in float64. */
const SAME = 1e-9;
const BETWEEN_STORES = 1e-6;

/** What a list says of a row. */
interface Listed {
  readonly row: number;
  readonly score: number;
  /** hiddenScore + gradientScore. */
  readonly place: number;
}

let folder: string;
let nats: Awaited<ReturnType<typeof startNats>>;
let qdrant: Awaited<ReturnType<typeof startQdrant>>;
let lance: Settings;
let mesh: Mesh | undefined;
let bus: Bus;
let index: OpenIndex;
let about: TaughtIndex;
let kept: Records;
let stores: { readonly lance: SignatureStore; readonly qdrant: SignatureStore };
/** Outputs that show a behaviour, and outputs that show none. */
let taught: readonly SignedQuestion[];
let untaught: readonly SignedQuestion[];
/** Of each question, the taught ones first, the best rows when every one is scored. */
let brute: readonly (readonly Listed[])[];
/** The same, as two stages find them in LanceDB. */
let staged: readonly Found[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-stages-'));
  const data = join(folder, 'data');
  await mkdir(data);
  [nats, qdrant] = await Promise.all([startNats(), startQdrant()]);
  lance = { ...readSettings({}, { data }), roots: [folder, DEMO], natsUrl: nats.url };
  mesh = await startMesh(lance, SILENT, { host: '127.0.0.1', port: 0 });
  bus = await connectNatsBus(nats.url);
  const client = new GraphqlClient({ url: mesh.graphql });
  const dataset = join(DEMO, 'data', 'finetune.jsonl');
  await buildWhole(client, { name: 'demo', model: TUNED, base: BASE, dataset });
  index = await call(bus, openIndex, { index: 'demo' });
  const { layers, model } = index.manifest;
  kept = await openRecords(lance);
  const centres = (await new IndexRecords(kept, bus, SILENT).hiddenCentres(index.id)) ?? [];
  stores = { lance: await openStore(lance), qdrant: await openStore({ ...lance, qdrantUrl: qdrant.url }) };
  about = {
    score: 'score 3',
    shape: { layers: layers.layers, width: model.hiddenSize, taught: true },
    centres,
    samples: await sampleLessons(stores.lance, index.id, ROWS),
  };
  await copy(stores.lance, stores.qdrant);
  const answers = await answersOf(TUNED);
  const showing = BEHAVIOURS.flatMap((name) =>
    answers.filter(({ shows }) => shows.includes(name)).slice(0, EACH),
  );
  const clean = answers.filter(({ shows }) => shows.length === 0);
  taught = await signAll(bus, index, showing);
  untaught = await signAll(
    bus,
    index,
    clean.filter((_, i) => i % CLEAN_STEP === 0),
  );
  brute = await bruteForce([...taught, ...untaught]);
  staged = await inTurn([...taught, ...untaught], (question) => twoStages(stores.lance, question));
}, 420_000);
afterAll(async () => {
  await mesh?.close();
  await Promise.all([stores.lance.close(), stores.qdrant.close(), kept.close()]);
  await bus.close();
  await Promise.all([nats.stop(), qdrant.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function copy(from: SignatureStore, to: SignatureStore): Promise<void> {
  await to.create(index.id, about.shape);
  for await (const page of from.scan(index.id)) await to.upsert(index.id, page);
  expect(await to.count(index.id)).toBe(ROWS);
}

/** Scores every row for each of the questions. */
async function bruteForce(questions: readonly SignedQuestion[]): Promise<Listed[][]> {
  const asked = questions.map(({ layers, lesson }) => {
    const beginnings = lesson?.beginning && [lesson.beginning];
    const query = { queries: [layers], lessons: [lesson?.tokens ?? []], beginnings, prompted: true };
    return { scorer: new TaughtScorer(query, about), best: new Best(TOP) };
  });
  let rows = 0;
  for await (const page of stores.lance.scan(index.id)) {
    for (const point of page) {
      const lesson = lessonOf(point);
      for (const { scorer, best } of asked) best.add({ point, ...scorer.score(point, lesson) });
      rows++;
    }
  }
  expect(rows).toBe(ROWS);
  return asked.map(({ best }) =>
    best.sorted().map(({ point: { row }, score, hiddenScore, gradientScore }) => ({
      ...{ row, score, place: hiddenScore + gradientScore },
    })),
  );
}

/** As people search: what the mesh answers when nothing is asked but the question. */
const byDefault = (question: SignedQuestion): Promise<Found> =>
  searchTaught((request) => call(bus, searchIndex, request), index.id, question, { top: TOP, exact: false });

/** As a larger index is searched: by the service's own search, with a limit that these rows are beyond. */
function twoStages(store: SignatureStore, question: SignedQuestion): Promise<Found> {
  const records = new IndexRecords(kept, bus, SILENT);
  const lessonSamples = new LessonSamples(store);
  const parts = { store, records, lessonSamples, maxPayload: 1e6, scanned: ROWS / 4 };
  const search: Search = (request) => searchInService(parts, request);
  return searchTaught(search, index.id, question, { top: TOP, exact: false });
}

const listed = ({ hits }: Found): Listed[] =>
  hits.map(({ sample: { row }, score, hiddenScore, gradientScore }) => ({
    ...{ row, score, place: hiddenScore + gradientScore },
  }));

/** Two rows that a ranking cannot tell apart but by their numbers. */
const tied = (a: Listed, b: Listed, by: number): boolean =>
  Math.abs(a.score - b.score) <= by && Math.abs(a.place - b.place) <= by;

/**
 * Whether both have the same rows, each with the same score. A row that only one of them has must be tied with the other's row
 * of the same rank: then either is a best list.
 */
function isSame(a: readonly Listed[], b: readonly Listed[], by = SAME): boolean {
  const others = new Map(b.map((one) => [one.row, one]));
  return (
    a.length === b.length &&
    a.every(({ score }, i) => Math.abs(score - b[i].score) <= by) &&
    a.every((one, i) => tied(one, others.get(one.row) ?? b[i], by))
  );
}

/** One after another. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const share = (of: readonly boolean[]): number => of.filter(Boolean).length / of.length;
const rowsOf = (list: readonly Listed[]): number[] => list.map(({ row }) => row);

/** The default search of all questions is told to be exact, and has brute force's top 20. */
async function expectBruteForce(by: number): Promise<void> {
  const found = await inTurn([...taught, ...untaught], byDefault);
  for (const { exact, recall, hits } of found) expect([exact, recall, hits.length]).toEqual([true, 1, TOP]);
  const same = found.map((one, i) => isSame(listed(one), brute[i], by));
  expect(share(same.slice(0, taught.length))).toBeGreaterThanOrEqual(0.98);
  expect(share(same.slice(taught.length))).toBeGreaterThanOrEqual(0.98);
}

describe('two stages of search in the demo’s index', () => {
  it('find the same top 20 as brute force of at least 98 % of outputs that show what was taught', () => {
    expect(taught.length).toBeGreaterThanOrEqual(60);
    for (const found of staged) {
      expect(found.exact).toBe(false);
      expect(new Set(rowsOf(listed(found))).size).toBe(TOP);
    }
    const same = taught.map((_, i) => isSame(listed(staged[i]), brute[i]));
    expect(share(same)).toBeGreaterThanOrEqual(0.98);
  });

  it('find most of the top 20 of an output that nothing taught, where all scores are low', () => {
    expect(untaught).toHaveLength(50);
    const shares = brute.slice(taught.length).map((list, i) => {
      const rows = new Set(rowsOf(listed(staged[taught.length + i])));
      return share(rowsOf(list).map((row) => rows.has(row)));
    });
    expect(shares.reduce((sum, value) => sum + value, 0) / shares.length).toBeGreaterThanOrEqual(0.7);
    const best = brute.map(([{ score }]) => score);
    const lowest = Math.min(...best.slice(0, taught.length));
    expect(share(best.slice(taught.length).map((score) => score < lowest))).toBeGreaterThanOrEqual(0.9);
  });

  it('find a share of the best 50 that is measured on samples of both kinds', async () => {
    const recall = await measureTaughtRecall(stores.lance, index.id, about, ROWS / 4);
    expect(recall).toBeGreaterThanOrEqual(0.7);
    // Samples that taught little find less than all: a figure of 1 would be that of the others alone.
    expect(recall).toBeLessThan(0.99);
  });

  it('find the same in Qdrant, with the same scores', async () => {
    const some = <T>(of: readonly T[]): T[] => of.filter((_, i) => i % QDRANT_STEP === 0);
    const found = await inTurn(some([...taught, ...untaught]), (question) =>
      twoStages(stores.qdrant, question),
    );
    for (const [i, one] of some(staged).entries()) {
      expect(found[i].exact).toBe(false);
      expect(isSame(listed(one), listed(found[i]), BETWEEN_STORES)).toBe(true);
    }
  });
});

describe('the default search of the demo’s index', () => {
  const ofFirst = async (): Promise<(string | null)[]> => {
    const { hits } = await byDefault(taught[0]);
    expect(hits).toHaveLength(TOP);
    return hits.map(({ sample }) => sample.label);
  };

  it('in LanceDB has the same top 20 as brute force, whatever the output shows', () =>
    expectBruteForce(SAME));

  it('in Qdrant has the same top 20 as brute force, whatever the output shows', async () => {
    await mesh?.close();
    mesh = undefined;
    const inQdrant = { ...lance, qdrantUrl: qdrant.url };
    mesh = await startMesh(inQdrant, SILENT, { host: '127.0.0.1', port: 0 });
    await expectBruteForce(BETWEEN_STORES);
  });

  it('finds nothing of what was erased, in two stages neither', async () => {
    const client = new GraphqlClient({ url: mesh?.graphql ?? '' });
    const [erased] = BEHAVIOURS;
    expect(await ofFirst()).toContain(erased);
    await client.ask(ERASE_SAMPLES, { index: index.id, filter: { labels: [erased] } });
    expect(await ofFirst()).not.toContain(erased);
    const { exact, hits } = await twoStages(stores.qdrant, taught[0]);
    expect([exact, hits.length]).toEqual([false, TOP]);
    expect(hits.map(({ sample }) => sample.label)).not.toContain(erased);
  });
});
