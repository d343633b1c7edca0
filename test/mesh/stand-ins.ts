/** Services that stand in for the real ones: the real SDL of schema/*.graphql, resolvers over a few values that a test sets. */
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';
import type { Bus } from '../../lib/bus/bus.ts';
import { encode } from '../../lib/bus/wire.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { progressSubject } from '../../lib/mesh/index-messages.ts';
import type { RequestContext, Service, ServiceName } from '../../lib/mesh/service.ts';

export const INDEX_ID = '0198c0de-0000-7000-8000-000000000001';

/** What the stand-in of the index service answers by. */
export class BuildState {
  done = 0;
  state = 'RUNNING';
  version = 1;
  deleted = false;
  /** Looks at the progress. */
  looks = 0;
  /** Thrown by each look. */
  failure: Error | undefined;
  /** What each look waits for. */
  until: Promise<void> = Promise.resolve();

  /** Changes the build, and hints at it unless told not to. */
  async move(bus: Bus, to: { done?: number; state?: string; deleted?: boolean }, hint = true): Promise<void> {
    Object.assign(this, to);
    this.version++;
    if (hint) await bus.publish(progressSubject(INDEX_ID), encode(null));
  }
}

function subgraph(name: ServiceName, resolvers: object): GraphQLSchema {
  const text = readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8');
  const module = { typeDefs: parse(text), resolvers };
  return buildSubgraphSchema(module as Parameters<typeof buildSubgraphSchema>[0]);
}

export function computeSchema(contexts: RequestContext[] = []): GraphQLSchema {
  return subgraph('compute', {
    Query: {
      models: (_: unknown, _args: unknown, context: RequestContext) => {
        contexts.push(context);
        return [{ id: 'model-1' }];
      },
      adapter: () => {
        throw new Error('unforeseen: /home/secret/path');
      },
    },
    Mutation: { generate: () => ({ __typename: 'Generation', model: { id: 'model-1' }, answers: [] }) },
    Model: { __resolveReference: ({ id }: { id: string }) => ({ id }), layers: () => 12, digest: () => 'd1' },
  });
}

export function indexSchema(build = new BuildState()): GraphQLSchema {
  const index = (): unknown =>
    build.deleted
      ? null
      : {
          ...{ id: INDEX_ID, name: 'animals', state: build.state, createdAt: '2026-11-01T00:00:00Z' },
          ...{
            samples: build.done,
            model: { id: 'model-1' },
            dataset: { path: '/data/a.jsonl' },
            failures: [],
          },
        };
  return subgraph('index', {
    Query: {
      index: (_: unknown, { id }: { id: string }) => (id === INDEX_ID || id === 'animals' ? index() : null),
      indexes: () => [index()],
      indexProgress: async (_: unknown, { after }: { after: string | null }) => {
        build.looks++;
        await build.until;
        if (build.failure) throw build.failure;
        if (build.deleted) return null;
        const hasEnded = ['COMPLETED', 'FAILED', 'CANCELLED'].includes(build.state);
        if (!hasEnded && after !== null && Number(after) >= build.version) return null;
        const { done, state, version } = build;
        return { cursor: String(version), state, done, total: 10, failed: 0, index: index() };
      },
      sample: () => {
        throw new ReptraceError('STORE_UNREACHABLE', 'no store', 'Start it.');
      },
    },
    Mutation: { buildIndex: () => ({ __typename: 'Index', ...(index() as object) }) },
    Index: { __resolveReference: index },
  });
}

export function reportingSchema(): GraphQLSchema {
  const trace = {
    ...{ __typename: 'Trace', id: 'trace-1', createdAt: '2026-11-01T00:00:00Z', output: 'oink', alpha: 0.5 },
    ...{ layers: [2], tokenLayer: 2, exact: true, questions: [], matches: [], timings: [] },
    ...{ method: 'REPT', methodReason: 'the index has no base model' },
    verdict: { state: 'UNKNOWN', words: 'Nobody knows.' },
    ...{ index: { id: INDEX_ID }, model: { id: 'model-1' } },
  };
  return subgraph('reporting', {
    Query: { traceBehavior: () => trace, trace: () => trace, traces: () => [trace] },
  });
}

export function service(name: ServiceName, schema: GraphQLSchema): Service {
  return { name, schema, ready: () => Promise.resolve(), close: () => Promise.resolve() };
}
