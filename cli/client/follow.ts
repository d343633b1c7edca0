/** Follows a build until it ends, through lost connections: each subscription goes on after the last cursor seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ReptraceError, type ErrorCode } from '../../lib/errors.ts';
import { untilAborted } from '../until-aborted.ts';
import { INDEX_PROGRESS } from './documents.ts';
import type { GraphqlClient } from './graphql-client.ts';
import type { IndexState, ProgressResult } from './results.ts';

const TERMINAL: readonly IndexState[] = ['CANCELLED', 'FAILED', 'COMPLETED'];
/** What is away may come back, and builds go on through it. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'BUS_UNREACHABLE',
  'SERVICE_UNAVAILABLE',
  'STORE_UNREACHABLE',
  'TIMEOUT',
]);
const RETRY_MS = 1000;
/** Lost connections in a row before the follower gives up. */
const MAX_LOST = 30;

/** The last event. Throws what the subscription fails with, but for what passes; CANCELLED as soon as the signal fires. */
export async function followBuild(
  client: GraphqlClient,
  index: string,
  show: (progress: ProgressResult) => void,
  signal: AbortSignal,
): Promise<ProgressResult> {
  let last: ProgressResult | undefined;
  for (let lost = 0; !signal.aborted; lost++) {
    try {
      const variables = { index, after: last?.cursor ?? null };
      const events = client.subscribe<{ indexProgress: ProgressResult }>(INDEX_PROGRESS, variables, signal);
      for await (const event of events) {
        last = event.indexProgress;
        lost = 0;
        show(last);
      }
      if (last !== undefined && TERMINAL.includes(last.state)) return last;
    } catch (error) {
      const passes = error instanceof ReptraceError && PASSING.has(error.code);
      if (!signal.aborted && (!passes || lost >= MAX_LOST)) throw error;
    }
    await Promise.race([sleep(RETRY_MS, undefined, { ref: false }), untilAborted(signal)]);
  }
  throw new ReptraceError('CANCELLED', 'interrupted', 'Start it again.');
}
