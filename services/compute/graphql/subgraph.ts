/** The compute service's part of the graph: models known, the GPU, and generation. */
import type { GraphQLSchema } from 'graphql';
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelDescription } from '../../../lib/mesh/compute-messages.ts';
import { graphqlError, orFailure } from '../../../lib/mesh/failures.ts';
import { jsonScalar } from '../../../lib/mesh/json-scalar.ts';
import { subgraphSchema } from '../../../lib/mesh/subgraph.ts';
import type { Records } from '../../../lib/records/records.ts';
import { SCHEMA, type Resolvers } from '../schema.generated.ts';
import type { GpuKeeper } from '../service/gpu-keeper.ts';
import { MODELS, type LoadedModels } from '../service/loaded-models.ts';
import { generateAnswers } from '../service/questions.ts';

interface Parts {
  readonly keeper: GpuKeeper;
  readonly models: LoadedModels;
  readonly records: Records;
}

export function computeSubgraph(parts: Parts): GraphQLSchema {
  return subgraphSchema(SCHEMA, resolversOf(parts));
}

function resolversOf({ keeper, models, records }: Parts): Resolvers {
  return {
    JSON: jsonScalar,
    Query: {
      models: () => named(() => allModels(records)),
      adapter: () =>
        named(() => {
          const { software, features } = keeper.report;
          return Promise.resolve({ name: keeper.adapterName, software, features });
        }),
    },
    Mutation: {
      generate: (_, { input }) =>
        orFailure('GenerateFailure', async () => {
          const { model: path, adapter, prompts, maxTokens, temperature, seed } = input;
          const generated = await generateAnswers(models, {
            model: { path, adapter: adapter ?? undefined },
            prompts,
            maxTokens: maxTokens ?? 128,
            temperature: temperature ?? 0,
            seed: seed ?? 0,
          });
          return { __typename: 'Generation' as const, ...generated };
        }),
    },
    GenerateResult: { __resolveType: (result) => ('code' in result ? 'GenerateFailure' : 'Generation') },
    Model: {
      __resolveReference: ({ id }) => named(() => modelOf(records, id)),
      id: ({ digest }) => digest,
    },
  };
}

/** In the order of their digests. */
async function allModels(records: Records): Promise<ModelDescription[]> {
  const models: ModelDescription[] = [];
  for await (const { value } of records.list<ModelDescription>(MODELS)) models.push(value);
  return models;
}

/** Null for a model that no worker has opened. */
async function modelOf(records: Records, digest: string): Promise<ModelDescription | null> {
  if (!/^[0-9a-f]{64}$/.test(digest)) return null;
  return (await records.get<ModelDescription>(MODELS, digest))?.value ?? null;
}

/** Expected failures with their code, where a field cannot be a union. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ReptraceError ? graphqlError(error) : error;
  }
}
