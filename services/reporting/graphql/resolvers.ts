/** The reporting subgraph: schema/reporting.graphql over the traces. */
import { ReptraceError } from '../../../lib/errors.ts';
import { failureMember, graphqlError } from '../../../lib/mesh/failures.ts';
import { jsonScalar } from '../../../lib/mesh/json-scalar.ts';
import type { Match as MatchFields, Resolvers, ResolversTypes } from '../schema.generated.ts';
import { checkQuestion } from '../traces/check-question.ts';
import type { Match, Trace } from '../traces/trace.ts';
import type { TraceAnswer, Traces } from '../traces/traces.ts';
import type { TraceParent } from './parents.ts';

/** Traces that one list may have: each may be large. */
const MAX_LISTED = 100;

export function resolvers(traces: Traces): Resolvers {
  const answer = async (
    work: () => Promise<TraceAnswer>,
  ): Promise<Awaited<ResolversTypes['TraceResult']>> => {
    try {
      const given = await work();
      return 'pending' in given ? { __typename: 'TracePending', id: given.pending } : parent(given);
    } catch (error) {
      return failureMember('TraceFailure', error);
    }
  };
  return {
    JSON: jsonScalar,
    Query: {
      traceBehavior: (_, asked) => answer(async () => traces.ask(checkQuestion(asked))),
      trace: (_, { id }) => answer(() => traces.find(id)),
      traces: async (_, { index, first }) => {
        const count = first ?? 0;
        if (count < 0 || count > MAX_LISTED) throw graphqlError(outOfRange(count));
        return (await orGraphqlError(() => traces.list(index ?? null, count))).map(parent);
      },
    },
    Trace: {
      __resolveReference: async ({ id }) => {
        const found = await traces.find(id);
        return 'pending' in found ? null : parent(found);
      },
      output: ({ questions }) => questions[0]?.output ?? '',
      prompt: ({ questions }) => questions[0]?.prompt ?? null,
      context: ({ questions }) => questions[0]?.context ?? null,
      outputTokens: ({ questions }) => questions[0]?.tokens ?? null,
      index: ({ index }) => ({ __typename: 'Index', id: index }),
      model: ({ modelDigest }) => ({ __typename: 'Model', id: modelDigest, digest: modelDigest }),
      matches: ({ matches }) => matches.map(matchFields),
    },
  };
}

/** Of a field that is no union. */
async function orGraphqlError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ReptraceError ? graphqlError(error) : error;
  }
}

function outOfRange(first: number): ReptraceError {
  return new ReptraceError('INPUT_INVALID', `first is ${first}`, `Ask for 0 to ${MAX_LISTED} traces.`);
}

function parent(trace: Trace): TraceParent {
  return { __typename: 'Trace', ...trace };
}

function matchFields({ sample, tokens, ...scores }: Match): MatchFields {
  const { id, row, line, sourceRow, part, context, prompt, response, raw, label, metadata } = sample;
  const text = { context, prompt, response, raw: typeof raw === 'string' };
  return { ...scores, tokens, sample: { id, row, line, sourceRow, part, ...text, label, metadata } };
}
