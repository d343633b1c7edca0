/** JetStream operations that outlast a short outage. Only for those that may be done twice. */
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { reasonOf, ReptraceError } from '../errors.ts';
import { bounded, pause } from './bounded.ts';
import { PATIENCE_MS, type NatsLink } from './nats-link.ts';

/** For one question to JetStream. */
export const API_TIMEOUT_MS = 2000;
const AGAIN_MS = 200;

/** Codes of JetStream's API for a full disk or an account's full quota. */
const FULL: readonly number[] = [10_047, 10_077, 10_023];

/**
 * Tries until it is done, the server refuses it, or patience ends; a stream that went missing is made again first.
 * Throws BUS_UNREACHABLE, DISK_FULL, and ReptraceErrors of the operation as they are.
 */
export async function persist<T>(
  link: NatsLink,
  repair: () => Promise<void>,
  operation: () => Promise<T>,
): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    await link.up(until - Date.now());
    const { lost } = link;
    try {
      return await bounded(operation(), {
        timeoutMs: PATIENCE_MS,
        late: () => link.unreachable('JetStream does not answer'),
        unless: [{ signal: lost, error: () => link.unreachable() }],
      });
    } catch (error) {
      if (isRefusal(error) || Date.now() + AGAIN_MS >= until) throw asReptraceError(link, error);
      await pause(AGAIN_MS, lost);
      if (isMissing(error)) await tryTo(repair);
    }
  }
}

/** The server has understood, and will not do it. */
function isRefusal(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status !== 503 && !isMissing(error);
}

/** A stream that is not there shows as an API error, or as a publish that nobody takes. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError))
    return error instanceof Error && !(error instanceof ReptraceError);
  const missing: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
  return missing.includes(error.code);
}

/** The operation, tried again after this, tells what is wrong. */
async function tryTo(repair: () => Promise<void>): Promise<void> {
  try {
    await repair();
  } catch {
    return;
  }
}

function asReptraceError(link: NatsLink, error: unknown): ReptraceError {
  if (error instanceof ReptraceError) return error;
  const reason = reasonOf(error);
  if (error instanceof JetStreamApiError && FULL.includes(error.code)) {
    return new ReptraceError(
      'DISK_FULL',
      `NATS cannot store a task: ${reason}`,
      'Give its store folder more room, or raise its limits.',
    );
  }
  return link.unreachable(reason);
}
