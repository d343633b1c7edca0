/** Follows a build until it ends, through lost connections: each subscription goes on after the last cursor seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ReptraceError } from '../../lib/errors.ts';
import { INDEX_PROGRESS } from './documents.ts';
import type { GraphqlClient } from './graphql-client.ts';
import type { IndexState, ProgressResult } from './results.ts';

const TERMINAL: readonly IndexState[] = ['CANCELLED', 'FAILED', 'COMPLETED'];
const RETRY_MS = 1000;
/** Lost connections in a row before the follower gives up. */
const MAX_LOST = 30;

/** The last event. Throws what the subscription fails with, but for connections that come back. */
export async function followBuild(
  client: GraphqlClient,
  index: string,
  show: (progress: ProgressResult) => void,
  signal: AbortSignal,
): Promise<ProgressResult> {
  let last: ProgressResult | undefined;
  for (let lost = 0; ; lost++) {
    try {
      const variables = { index, after: last?.cursor ?? null };
      for await (const event of client.subscribe<{ indexProgress: ProgressResult }>(
        INDEX_PROGRESS,
        variables,
      )) {
        last = event.indexProgress;
        lost = 0;
        show(last);
        if (signal.aborted) throw interrupted();
      }
      if (last !== undefined && TERMINAL.includes(last.state)) return last;
    } catch (error) {
      const comesBack = error instanceof ReptraceError && error.code === 'SERVICE_UNAVAILABLE';
      if (!comesBack || lost >= MAX_LOST) throw error;
    }
    if (signal.aborted) throw interrupted();
    await sleep(RETRY_MS);
  }
}

function interrupted(): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    'interrupted; what is indexed so far is kept',
    'The same command, or `reptrace index resume`, goes on from there.',
  );
}
