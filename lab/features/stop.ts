/** How work of the lab ends when it is told to stop: nothing that is finished is lost. */
import { ReptraceError } from '../../lib/errors.ts';

/** Throws CANCELLED once the signal has fired. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ReptraceError(
    'CANCELLED',
    'the evaluation was stopped',
    'Run the same command again to go on from the last finished step.',
  );
}
