/** The index service's part of the graph: schema/index.graphql over builds, records and samples. */
import type { GraphQLSchema } from 'graphql';
import { ReptraceError } from '../../../lib/errors.ts';
import { graphqlError, orFailure } from '../../../lib/mesh/failures.ts';
import { jsonScalar } from '../../../lib/mesh/json-scalar.ts';
import type { RequestContext } from '../../../lib/mesh/service.ts';
import { subgraphSchema } from '../../../lib/mesh/subgraph.ts';
import { buildIndex, type BuildParts } from '../builds/build-index.ts';
import { cancelIndex, deleteIndex, resumeIndex } from '../builds/controls.ts';
import { eraseSamples } from '../builds/erasing.ts';
import { planIndex } from '../builds/plan-index.ts';
import { filterOf } from '../builds/sample-filter.ts';
import { MAX_KEPT_FAILURES } from '../runs/failure-log.ts';
import { manifestOf, namedColumns, type IndexRecord } from '../runs/index-record.ts';
import { isWorking } from '../runs/life.ts';
import { SCHEMA, type Resolvers } from '../schema.generated.ts';
import { loadersOf, type Loaders } from './loaders.ts';
import { mostTaught } from './most-taught.ts';
import { planResolvers } from './plan-resolvers.ts';
import { publicId } from './sample-id.ts';

export function indexSubgraph(parts: BuildParts): GraphQLSchema {
  return subgraphSchema(SCHEMA, resolversOf(parts));
}

/** The subscription has no resolver: the gateway asks Query.indexProgress whenever an index's progress is announced. */
function resolversOf(parts: BuildParts): Resolvers {
  const { records } = parts;
  const load = (context: RequestContext): Loaders => loadersOf(context, parts);
  const indexOrNull = async (reference: string): Promise<IndexRecord | null> =>
    (await records.get(reference))?.value ?? (await records.named(reference)).index?.value ?? null;
  return {
    JSON: jsonScalar,
    Query: {
      index: (_, { id }) => named(() => indexOrNull(id)),
      indexes: () => named(() => records.all()),
      indexProgress: (_, { index, after }) =>
        named(async () => {
          const record = (await records.find(index)).value;
          const isNews = after == null || !isWorking(record.life) || record.cursor > cursorOf(after);
          return isNews ? { record } : null;
        }),
      sample: (_, { id }, context) => named(() => load(context).sample.load(id)),
      planIndex: (_, { input }) => orFailure('IndexFailure', () => planIndex(parts, input)),
      mostTaught: (_, { index, top, filter }) =>
        orFailure('IndexFailure', () => mostTaught(parts, index, top, filterOf(filter ?? {}))),
    },
    Mutation: {
      buildIndex: (_, { input }) => orFailure('IndexFailure', () => buildIndex(parts, input)),
      cancelIndex: (_, { index }) => orFailure('IndexFailure', () => cancelIndex(parts, index)),
      resumeIndex: (_, { index }) => orFailure('IndexFailure', () => resumeIndex(parts, index)),
      deleteIndex: (_, { index }) =>
        orFailure('IndexFailure', async () => {
          const { id, name } = await deleteIndex(parts, index);
          return { id, name };
        }),
      eraseSamples: (_, { index, filter }) =>
        orFailure('IndexFailure', () => eraseSamples(parts, index, filterOf(filter))),
    },
    BuildIndexResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'Index') },
    PlanIndexResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'IndexPlan') },
    IndexPlan: planResolvers,
    IndexResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'Index') },
    DeleteIndexResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'DeletedIndex') },
    EraseResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'ErasedSamples') },
    MostTaughtResult: { __resolveType: (result) => ('code' in result ? 'IndexFailure' : 'MostTaught') },
    Failure: { __resolveType: () => 'IndexFailure' },
    Index: {
      __resolveReference: ({ id }, context) => named(() => load(context).index.load(id)),
      state: ({ life }) => life.state,
      samples: ({ progress }) => progress.done,
      progress: (record) => ({ record }),
      model: ({ model }) => ({ __typename: 'Model', id: model.digest }),
      dataset: ({ dataset }) => ({ ...dataset, columns: namedColumns(dataset.columns) }),
      manifest: (record) => manifestOf(record),
      error: ({ life }) => (life.state === 'FAILED' ? life.error : null),
      failures: ({ id }, { first }) =>
        named(async () => (await records.failures(id)).slice(0, checkedFirst(first ?? 0))),
    },
    IndexProgress: {
      cursor: ({ record }) => String(record.cursor),
      state: ({ record }) => record.life.state,
      done: ({ record }) => record.progress.done,
      total: ({ record }) => record.progress.total,
      failed: ({ record }) => record.progress.failed,
      samplesPerSecond: ({ record }) => record.progress.samplesPerSecond,
      etaSeconds: ({ record }) => record.progress.etaSeconds,
      waiting: ({ record }) => (record.life.state === 'RUNNING' ? record.life.waiting : null),
      index: ({ record }) => record,
    },
    TrainingSample: {
      __resolveReference: ({ id }, context) => named(() => load(context).sample.load(id)),
      id: ({ index, sample }) => publicId(index, sample.id),
      row: ({ sample }) => sample.row,
      line: ({ sample }) => sample.line,
      sourceRow: ({ sample }) => sample.sourceRow,
      part: ({ sample }) => sample.part,
      context: ({ sample }) => sample.context,
      prompt: ({ sample }) => sample.prompt,
      response: ({ sample }) => sample.response,
      raw: ({ sample }) => sample.raw !== null,
      label: ({ sample }) => sample.label,
      metadata: ({ sample }) => sample.metadata,
      truncated: ({ sample }) => sample.truncated,
      loss: ({ sample }) => sample.loss,
      taught: ({ sample }) => sample.taught,
      index: ({ index }, _, context) => named(() => load(context).index.load(index)),
    },
  };
}

/** A field that is no union names its failures among the errors. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ReptraceError ? graphqlError(error) : error;
  }
}

/** Throws INPUT_INVALID. */
function cursorOf(after: string): number {
  if (/^\d{1,16}$/.test(after)) return Number(after);
  throw new ReptraceError(
    'INPUT_INVALID',
    `${JSON.stringify(after.slice(0, 80))} is no cursor`,
    'Give the cursor of an earlier answer, or leave it out.',
  );
}

/** Throws INPUT_INVALID. */
function checkedFirst(first: number): number {
  if (first >= 0 && first <= MAX_KEPT_FAILURES) return first;
  throw new ReptraceError(
    'INPUT_INVALID',
    `first is ${first}`,
    `Ask for 0 to ${MAX_KEPT_FAILURES} failures; that many are kept.`,
  );
}
