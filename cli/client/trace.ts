/** Asks for a trace and waits for it, however long it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TRACE_FIELDS, traceBehavior, traceById } from './documents.ts';
import type { GraphqlClient } from './graphql-client.ts';
import { valueOf, type Member, type TraceFields } from './results.ts';

const POLL_MS = 500;

/** @param question the arguments of Query.traceBehavior. Throws the failure by its code. */
export async function askTrace(
  client: GraphqlClient,
  question: Record<string, unknown>,
): Promise<TraceFields> {
  const { __typename, ...trace } = await askFields<TraceFields>(client, question, TRACE_FIELDS);
  return trace;
}

/** @param fields those of T, `matches` among them. Throws as `askTrace`. */
export async function askFields<T extends { readonly matches: readonly object[] }>(
  client: GraphqlClient,
  question: Record<string, unknown>,
  fields: string,
): Promise<T & { readonly __typename: string }> {
  type TraceMember = Member<T | { readonly id: string }>;
  const asked = await client.ask<{ traceBehavior: TraceMember }>(traceBehavior(fields), question);
  let value = valueOf(asked.traceBehavior);
  while (!('matches' in value)) {
    await sleep(POLL_MS);
    const again = await client.ask<{ trace: TraceMember }>(traceById(fields), { id: value.id });
    value = valueOf(again.trace);
  }
  return value;
}
