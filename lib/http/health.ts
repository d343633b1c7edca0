/** `/livez`: the process answers. `/readyz`: it can do its work, or what keeps it from that. */
import type { RequestHandler } from 'express';
import { bounded } from '../bus/bounded.ts';
import { ReptraceError } from '../errors.ts';
import type { Log } from '../log.ts';
import { refusal } from './access.ts';
import { unexpected } from './public-error.ts';

const READY_MS = 5000;

export const livez: RequestHandler = (_request, response) => {
  response.json({ ok: true });
};

/**
 * Probes ask without a token; they are told the code of what is missing, and who shows the token its message and remedy too,
 * for these name addresses.
 */
export function readyz(ready: () => Promise<void>, token: string | undefined, log: Log): RequestHandler {
  return async (request, response) => {
    try {
      await bounded(ready(), { timeoutMs: READY_MS, late });
      response.json({ ok: true });
    } catch (error) {
      const { code, message, remedy } = error instanceof ReptraceError ? error : unexpected(error, log);
      const whole = refusal(request.headers, token) === undefined;
      response.status(503).json(whole ? { code, message, remedy } : { code });
    }
  };
}

function late(): ReptraceError {
  return new ReptraceError(
    'TIMEOUT',
    `what this service needs did not answer within ${READY_MS / 1000} s`,
    'Look at the load of its machine, and of NATS and Qdrant.',
  );
}
