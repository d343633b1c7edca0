/** The mesh as separate processes over a real NATS and a real Qdrant: the same answers, whoever is killed meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { QdrantClient } from '@qdrant/js-client-rest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_INDEX, INDEX_PROGRESS } from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import {
  valueOf,
  type IndexResult,
  type Member,
  type ProgressResult,
  type TraceFields,
} from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import { start } from '../e2e/command.ts';
import { startNats } from '../servers/nats.ts';
import { startQdrant } from '../servers/qdrant.ts';
import { sharedPath } from '../shared.ts';
import { backdoorRows, writeRows, type BackdoorRow } from './backdoor.ts';
import { Cluster } from './cluster-parts.ts';

const MODEL = sharedPath('models/stories260K/hf');
const NEVER = new AbortController().signal;

let folder: string;
let nats: Awaited<ReturnType<typeof startNats>>;
let qdrant: Awaited<ReturnType<typeof startQdrant>>;
let cluster: Cluster;
let client: GraphqlClient;
let rows: BackdoorRow[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-cluster-'));
  [nats, qdrant] = await Promise.all([startNats(), startQdrant()]);
  cluster = await Cluster.start({
    ...{ folder, roots: [folder, MODEL], nats: nats.url, qdrant: qdrant.url },
    env: { REPTRACE_LOG: 'info' },
  });
  client = new GraphqlClient({ url: cluster.graphql });
  rows = await backdoorRows(4000, 4850);
});
afterAll(async () => {
  await cluster.stop();
  await Promise.all([nats.stop(), qdrant.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function build(name: string, count: number): Promise<string> {
  const dataset = join(folder, `${name}.jsonl`);
  await writeRows(dataset, rows.slice(-count));
  const input = { name, model: MODEL, dataset, maxTokens: 128 };
  const answer = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  return valueOf(answer.buildIndex).id;
}

/** Follows a build, and does something once when the first rows are stored. */
async function followWith(id: string, once: () => Promise<void>): Promise<ProgressResult[]> {
  const seen: ProgressResult[] = [];
  let done: Promise<void> | undefined;
  await followBuild(
    client,
    id,
    (progress) => {
      seen.push(progress);
      if (progress.done > 0 && progress.state === 'RUNNING') done ??= once();
    },
    NEVER,
  );
  if (done === undefined) throw new Error('the build was over before anything could be done to it');
  await done;
  return seen;
}

/** How often each row is stored: exactly once, if all is well. */
async function storedRows(id: string): Promise<number[]> {
  const store = new QdrantClient({ url: qdrant.url, checkCompatibility: false });
  const { points } = await store.scroll(`reptrace_${id}`, { limit: 10_000, with_payload: ['row'] });
  return points.map(({ payload }) => Number(payload?.['row'])).sort((a, b) => a - b);
}

const allOf = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

describe('separate processes', () => {
  it('trace as one process does, at any alpha', async () => {
    const id = await build('same', 200);
    const progress: ProgressResult[] = [];
    await followBuild(client, id, (event) => progress.push(event), NEVER);
    expect(progress.at(-1)).toMatchObject({ state: 'COMPLETED', done: 200, failed: 0, total: 200 });
    const embedded = async (args: readonly string[]): Promise<unknown> => {
      const one = start([...args, '--json'], '', { REPTRACE_DATA: join(folder, 'embedded') });
      const { code, stdout, stderr } = await one.outcome;
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as unknown;
    };
    const dataset = join(folder, 'same.jsonl');
    await embedded([
      ...['index', 'build', '--name', 'same', '--model', MODEL, '--data', dataset, '--max-tokens', '128'],
    ]);
    const short = rows.slice(-100).find((row) => `${row.prompt}${row.response}`.length < 500);
    const { prompt = '', response: output = '' } = short ?? {};
    for (const alpha of [0, 0.5, 1]) {
      const there = await askTrace(client, { index: 'same', prompt, output, alpha, top: 50 });
      const args = ['trace', '--index', 'same', '--prompt', prompt, '--output', output, '--top', '50'];
      const here = (await embedded([...args, '--alpha', String(alpha)])) as TraceFields;
      expectSameMatches(there, here);
    }
  });

  it('finish a build when one of two workers is killed in the midst of it', async () => {
    const id = await build('worker-killed', 600);
    const seen = await followWith(id, async () => {
      await cluster.parts.get('second worker')?.kill();
    });
    expect(seen.at(-1)).toMatchObject({ state: 'COMPLETED', done: 600, failed: 0, total: 600 });
    expect(await storedRows(id)).toEqual(allOf(600));
  });

  it('go on by themselves when the index service is killed and started again', async () => {
    const id = await build('index-killed', 600);
    const seen = await followWith(id, async () => {
      await cluster.parts.get('index')?.kill();
      await cluster.serveIndex();
    });
    expect(seen.at(-1)).toMatchObject({ state: 'COMPLETED', done: 600, failed: 0, total: 600 });
    expect(await storedRows(id)).toEqual(allOf(600));
    const dones = seen.map(({ done }) => done);
    expect(dones).toEqual([...dones].sort((a, b) => a - b));
  });

  it('tell progress to a subscriber that drops and comes back', async () => {
    const id = await build('watched', 400);
    let last: ProgressResult | undefined;
    // Drops after the first event.
    for await (const { indexProgress } of client.subscribe<{ indexProgress: ProgressResult }>(
      INDEX_PROGRESS,
      {
        index: id,
      },
    )) {
      last = indexProgress;
      break;
    }
    await sleep(1500);
    const seen: ProgressResult[] = [];
    const variables = { index: id, after: last?.cursor };
    for await (const { indexProgress } of client.subscribe<{ indexProgress: ProgressResult }>(
      INDEX_PROGRESS,
      variables,
    )) {
      seen.push(indexProgress);
    }
    expect(seen[0]?.cursor).not.toBe(last?.cursor);
    expect(seen[0]?.done).toBeGreaterThanOrEqual(last?.done ?? NaN);
    expect(seen.at(-1)).toMatchObject({ state: 'COMPLETED', done: 400, total: 400 });
    const dones = seen.map(({ done }) => done);
    expect(dones).toEqual([...dones].sort((a, b) => a - b));
  });
});

describe('a query over three services', () => {
  const QUERY = `{
    models { id architecture layers }
    indexes { name samples model { layers } }
    traces(first: 1) { output index { name } model { architecture } }
  }`;

  it('is answered from all of them', async () => {
    const answer = await client.ask<{ models: object[]; indexes: object[]; traces: object[] }>(QUERY);
    expect(answer.models).toContainEqual(expect.objectContaining({ architecture: 'llama', layers: 5 }));
    expect(answer.indexes).toContainEqual({ name: 'same', samples: 200, model: { layers: 5 } });
    expect(answer.traces).toEqual([
      expect.objectContaining({ index: { name: 'same' }, model: { architecture: 'llama' } }),
    ]);
  });

  it('loses only the fields of a service that is down, with a named error', async () => {
    await cluster.parts.get('index')?.stop();
    const response = await fetch(cluster.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    });
    const { data, errors } = (await response.json()) as {
      data: Record<string, unknown>;
      errors: { message: string; extensions: { code: string; remedy: string } }[];
    };
    expect(data['indexes']).toBeNull();
    expect(data['models']).toHaveLength(1);
    expect(data['traces']).toEqual([
      expect.objectContaining({ index: null, model: { architecture: 'llama' } }),
    ]);
    for (const { message, extensions } of errors) {
      expect(extensions.code).toBe('SERVICE_UNAVAILABLE');
      expect(message).toContain('index');
      expect(extensions.remedy).not.toBe('');
    }
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('SIGTERM', () => {
  it('ends each part within five seconds', async () => {
    for (const name of ['gateway', 'reporting', 'first worker']) {
      const ended = await cluster.parts.get(name)?.stop();
      expect(ended?.code, name).toBe(0);
      expect(ended?.seconds, name).toBeLessThan(5);
    }
  });
});

/** Equal but for ties: neighbours whose scores differ by what float32 sums cannot tell apart may swap. */
function expectSameMatches(a: TraceFields, b: TraceFields): void {
  const scores = new Map(b.matches.map(({ sample, score }) => [sample.row, score]));
  expect(a.matches).toHaveLength(b.matches.length);
  const border = Math.min(...b.matches.map(({ score }) => score));
  for (const [i, { sample, score }] of a.matches.entries()) {
    expect(Math.abs(score - b.matches[i].score)).toBeLessThan(1e-5);
    const same = scores.get(sample.row);
    if (same === undefined) expect(score - border).toBeLessThan(1e-5);
    else expect(Math.abs(score - same)).toBeLessThan(1e-5);
  }
}
