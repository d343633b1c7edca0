/** Whether whoever asked for a preparation still waits for it: a build may have been cancelled, or its service be gone. */
import type { Bus } from '../../../lib/bus/bus.ts';
import { call } from '../../../lib/bus/procedure.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import { preparationWanted } from '../../../lib/mesh/compute-messages.ts';

/**
 * Throws SERVICE_UNAVAILABLE when nobody does. A bus that is away, or a service that is slow to answer, says nothing against it.
 * @param asked as the request has it
 */
export async function stillWanted(bus: Bus, asked: string | null): Promise<void> {
  if (asked === null) return;
  try {
    await call(bus, preparationWanted(asked), {});
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    if (error.code !== 'SERVICE_UNAVAILABLE') return;
    throw new ReptraceError(
      'SERVICE_UNAVAILABLE',
      'nobody waits for this preparation any more',
      'Ask again: it begins anew.',
      { cause: error },
    );
  }
}
