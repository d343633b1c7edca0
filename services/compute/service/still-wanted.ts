/** Whether whoever asked for a preparation still waits for it: a build may have been cancelled, or its service be gone. */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { preparationWanted } from '../../../lib/mesh/compute-messages.ts';

/** A bus that is away, or a service that is slow to answer, says nothing against the work. */
const SAYS_NOTHING: ReadonlySet<ErrorCode> = new Set(['BUS_UNREACHABLE', 'TIMEOUT']);

/**
 * Throws SERVICE_UNAVAILABLE when nobody does; and, as they are, the failures of whoever was asked, which are no answer and not
 * to be taken for one.
 * @param asked as the request has it
 */
export async function stillWanted(bus: Bus, asked: string | null, log: Log): Promise<void> {
  if (asked === null) return;
  try {
    await call(bus, preparationWanted(asked), {});
  } catch (error) {
    const code = error instanceof ReptraceError ? error.code : 'INTERNAL';
    if (code === 'SERVICE_UNAVAILABLE') throw nobodyWaits(error);
    if (SAYS_NOTHING.has(code)) {
      log.debug({ asked, code }, 'it is not known whether a preparation is still wanted: it goes on');
      return;
    }
    log.warn(
      { asked, code, err: error },
      'whether a preparation is still wanted could not be asked: it ends',
    );
    throw error;
  }
}

function nobodyWaits(cause: unknown): ReptraceError {
  return new ReptraceError(
    'SERVICE_UNAVAILABLE',
    'nobody waits for this preparation any more',
    'Ask again: it begins anew.',
    { cause },
  );
}
