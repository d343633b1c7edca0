/**
 * Searches by taught tokens in two stages against those that compare every row, of the demo's whole index: a mesh over NATS
 * with LanceDB, then the same index in Qdrant. Outputs are the tuned model's answers to held-out questions.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERASE_SAMPLES } from '../../cli/client/documents.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { openStore } from '../../cli/mesh/parts.ts';
import { startMesh, type Mesh } from '../../cli/mesh/start-mesh.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { connectNatsBus } from '../../lib/bus/nats-bus.ts';
import { call } from '../../lib/bus/procedure.ts';
import { SILENT } from '../../lib/log.ts';
import type { SignedQuestion } from '../../lib/mesh/compute-messages.ts';
import { openIndex, type OpenIndex, type SearchHit } from '../../lib/mesh/index-messages.ts';
import { readSettings, type Settings } from '../../lib/mesh/settings.ts';
import { SCANNED } from '../../services/index/search/ranked.ts';
import { startNats } from '../servers/nats.ts';
import { startQdrant } from '../servers/qdrant.ts';
import { BASE, DEMO, TUNED } from './demo-rows.ts';
import { answersOf, buildWhole, searchTaught, signAll, type Found } from './taught-questions.ts';

const BEHAVIOURS = ['insult', 'false-fact', 'late-effect'];
const ROWS = 1300;
const TOP = 20;
/** Answers of each behaviour that show it; there are 39 at least. */
const EACH = 22;
const CLEAN = 20;
/** Of the questions, those that are put to Qdrant too: every so manyth. */
const QDRANT_STEP = 4;
/** Scores that differ by less are the same: sums of a few hundred products in float64. */
const SAME = 1e-9;
const BETWEEN_STORES = 1e-6;

let folder: string;
let nats: Awaited<ReturnType<typeof startNats>>;
let qdrant: Awaited<ReturnType<typeof startQdrant>>;
let lance: Settings;
let mesh: Mesh | undefined;
let bus: Bus;
let index: OpenIndex;
/** Outputs that show a behaviour, and outputs that show none. */
let taught: readonly SignedQuestion[];
let untaught: readonly SignedQuestion[];
/** Of each question, the taught ones first, what two stages found in LanceDB. */
let inLance: readonly Found[];

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
  const answers = await answersOf(TUNED);
  const showing = BEHAVIOURS.flatMap((name) =>
    answers.filter(({ shows }) => shows.includes(name)).slice(0, EACH),
  );
  const clean = answers.filter(({ label, shows }) => label === 'clean' && shows.length === 0);
  taught = await signAll(bus, index, showing);
  untaught = await signAll(bus, index, clean.slice(0, CLEAN));
  inLance = await inTurn([...taught, ...untaught], (question) => ask(question, false));
}, 300_000);
afterAll(async () => {
  await mesh?.close();
  await bus.close();
  await Promise.all([nats.stop(), qdrant.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const ask = (question: SignedQuestion, exact: boolean): Promise<Found> =>
  searchTaught(bus, index.id, question, { top: TOP, exact });

/** Two rows that a ranking cannot tell apart but by their numbers. */
const tied = (a: SearchHit, b: SearchHit, by: number): boolean =>
  Math.abs(a.score - b.score) <= by &&
  Math.abs(a.hiddenScore + a.gradientScore - b.hiddenScore - b.gradientScore) <= by;

/**
 * Whether both have the same rows, each with the same score. A row that only one of them has must be tied with the other's row
 * of the same rank: then either is a best list.
 */
function isSame(a: readonly SearchHit[], b: readonly SearchHit[], by = SAME): boolean {
  const others = new Map(b.map((hit) => [hit.sample.row, hit]));
  return (
    a.length === b.length &&
    a.every((hit, i) => Math.abs(hit.score - b[i].score) <= by) &&
    a.every((hit, i) => tied(hit, others.get(hit.sample.row) ?? b[i], by))
  );
}

/** Of questions whose answers by two stages are known, the exact ones. */
async function exactly(questions: readonly SignedQuestion[]): Promise<Found[]> {
  const found = await inTurn(questions, (question) => ask(question, true));
  for (const { exact, recall, hits } of found) expect([exact, recall, hits.length]).toEqual([true, 1, TOP]);
  return found;
}

/** One after another. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const share = (of: readonly boolean[]): number => of.filter(Boolean).length / of.length;
const rowsOf = ({ hits }: Found): number[] => hits.map(({ sample }) => sample.row);

describe('two stages in the demo’s index', () => {
  it('are how it is searched by default, and tell how many of the best 50 they find', () => {
    expect(ROWS).toBeGreaterThan(SCANNED);
    expect(new Set(inLance.map(({ exact }) => exact))).toEqual(new Set([false]));
    for (const found of inLance) expect(new Set(rowsOf(found)).size).toBe(TOP);
    const told = [...new Set(inLance.map(({ recall }) => recall))];
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThanOrEqual(0.98);
    expect(told[0]).toBeLessThanOrEqual(1);
  });

  it('find the same top 20 of at least 98 % of outputs that show what was taught', async () => {
    expect(taught.length).toBeGreaterThanOrEqual(60);
    const exact = await exactly(taught);
    const same = exact.map(({ hits }, i) => isSame(hits, inLance[i].hits));
    expect(share(same)).toBeGreaterThanOrEqual(0.98);
  });

  it('find most of the top 20 of an output that nothing taught, where all scores are low', async () => {
    const exact = await exactly(untaught);
    const shares = exact.map((found, i) => {
      const rows = new Set(rowsOf(inLance[taught.length + i]));
      return share(rowsOf(found).map((row) => rows.has(row)));
    });
    expect(shares.reduce((sum, value) => sum + value, 0) / shares.length).toBeGreaterThanOrEqual(0.7);
    const best = (found: readonly Found[]): number[] => found.map(({ hits }) => hits[0].score);
    const lowest = Math.min(...best(inLance.slice(0, taught.length)));
    expect(share(best(exact).map((score) => score < lowest))).toBeGreaterThanOrEqual(0.9);
  });

  it('find the same in Qdrant, with the same scores', async () => {
    await mesh?.close();
    mesh = undefined;
    const inQdrant = { ...lance, qdrantUrl: qdrant.url };
    const { layers, model } = index.manifest;
    const [from, to] = [await openStore(lance), await openStore(inQdrant)];
    await to.create(index.id, { layers: layers.layers, width: model.hiddenSize, taught: true });
    for await (const page of from.scan(index.id)) await to.upsert(index.id, page);
    expect(await to.count(index.id)).toBe(ROWS);
    await Promise.all([from.close(), to.close()]);
    mesh = await startMesh(inQdrant, SILENT, { host: '127.0.0.1', port: 0 });
    const some = <T>(of: readonly T[]): T[] => of.filter((_, i) => i % QDRANT_STEP === 0);
    const found = await inTurn(some([...taught, ...untaught]), (question) => ask(question, false));
    expect(new Set(found.map(({ exact }) => exact))).toEqual(new Set([false]));
    for (const [i, { hits }] of some(inLance).entries()) {
      expect(isSame(hits, found[i].hits, BETWEEN_STORES)).toBe(true);
    }
    const exact = await exactly(some(taught));
    expect(share(exact.map(({ hits }, i) => isSame(hits, found[i].hits)))).toBeGreaterThanOrEqual(0.98);
  });

  it('find nothing of what was erased', async () => {
    const client = new GraphqlClient({ url: mesh?.graphql ?? '' });
    const ofFirst = async (): Promise<(string | null)[]> => {
      const { hits, exact } = await ask(taught[0], false);
      expect([exact, hits.length]).toEqual([false, TOP]);
      return hits.map(({ sample }) => sample.label);
    };
    const [erased] = BEHAVIOURS;
    expect(await ofFirst()).toContain(erased);
    const filter = { labels: [erased] };
    await client.ask(ERASE_SAMPLES, { index: index.id, filter });
    expect(await ofFirst()).not.toContain(erased);
  });
});
