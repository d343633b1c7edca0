/** Waiting for something that is away to come back: a store, the bus, a compute worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export const AWAY: readonly ErrorCode[] = [
  'STORE_UNREACHABLE',
  'BUS_UNREACHABLE',
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
];

export interface Patience {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** Told each time that it did not work. */
  readonly onWait: (error: ReptraceError) => void;
  /** Told when it worked after all. */
  readonly onBack: () => void;
}

/**
 * Tries again, with growing pauses, while `work` throws one of AWAY. Throws its last error when the limit has passed, any
 * other error at once, and the signal's reason when that fires.
 */
export async function patiently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { signal, limitMs, onWait, onBack } = patience;
  const since = Date.now();
  for (let pause = FIRST_PAUSE_MS, waited = false; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      const result = await work();
      if (waited) onBack();
      return result;
    } catch (error) {
      if (!isAway(error) || Date.now() - since + pause > limitMs) throw error;
      onWait(error);
      waited = true;
    }
    await sleep(pause, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

export function isAway(error: unknown): error is ReptraceError {
  return error instanceof ReptraceError && AWAY.includes(error.code);
}
