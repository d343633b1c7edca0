/** The log of a service: JSON lines on stderr, level by REPTRACE_LOG (default `info`). */
import { destination, pino, type Logger } from 'pino';

export type Log = Logger;

export function createLog(name: string, level = process.env['REPTRACE_LOG'] ?? 'info'): Log {
  return pino({ name, level }, destination({ fd: 2, sync: true }));
}

/** For embedded use and tests: nothing is written. */
export const SILENT: Log = pino({ level: 'silent' });
