/** Asks for a trace and waits for it, however long it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TRACE, TRACE_BEHAVIOR } from './documents.ts';
import type { GraphqlClient } from './graphql-client.ts';
import { valueOf, type Member, type TraceFields } from './results.ts';

const POLL_MS = 500;

type TraceMember = Member<TraceFields | { readonly id: string }>;

/** @param question the arguments of Query.traceBehavior. Throws the failure by its code. */
export async function askTrace(
  client: GraphqlClient,
  question: Record<string, unknown>,
): Promise<TraceFields> {
  let answer = (await client.ask<{ traceBehavior: TraceMember }>(TRACE_BEHAVIOR, question)).traceBehavior;
  for (;;) {
    const value = valueOf(answer);
    if ('matches' in value) {
      const { __typename, ...trace } = value;
      return trace;
    }
    await sleep(POLL_MS);
    answer = (await client.ask<{ trace: TraceMember }>(TRACE, { id: value.id })).trace;
  }
}
