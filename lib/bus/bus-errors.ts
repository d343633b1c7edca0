/** The errors that both sides of the Bus port promise, so that they read the same. */
import { ReptraceError, reasonOf } from '../errors.ts';

/** Told of faults that nobody waits for, such as what a listener threw. */
export type OnFault = (what: string, error: unknown) => void;

/** Where no log was given, a fault shows as a warning on stderr; it must not end the process. */
export const warnOfFault: OnFault = (what, error) => {
  process.emitWarning(`${what}: ${reasonOf(error)}`, 'ReptraceBus');
};

/** @param what the payload, in words */
export function tooLarge(what: string, bytes: number, limit: number): ReptraceError {
  return new ReptraceError(
    'REQUEST_TOO_LARGE',
    `${what} has ${bytes} bytes; this bus takes at most ${limit}`,
    'Send less at a time. With NATS, a larger max_payload on its server allows more.',
  );
}

export function nobodyServes(subject: string): ReptraceError {
  return new ReptraceError(
    'SERVICE_UNAVAILABLE',
    `no service answers "${subject}"`,
    `Start the service that does (\`reptrace serve ${subject.split('.', 1)[0]}\`), or ask again when it is up.`,
  );
}

export function noAnswer(subject: string, timeoutMs: number): ReptraceError {
  return new ReptraceError(
    'TIMEOUT',
    `no answer to "${subject}" within ${timeoutMs} ms`,
    'Ask again later; if it stays so, look at the log of the service that answers it.',
  );
}

export function cancelled(subject: string): ReptraceError {
  return new ReptraceError('CANCELLED', `the request to "${subject}" was cancelled`, 'Ask again if need be.');
}

export function consumerClosing(): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    'the consumer of this task is closing',
    'The task is handed out again.',
  );
}

export function busClosed(): ReptraceError {
  return new ReptraceError('BUS_UNREACHABLE', 'this bus was closed', 'Open a new one.');
}
