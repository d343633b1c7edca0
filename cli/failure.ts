/** How a failure is told on stderr: its code, what was wrong, and what to do; a stack only for what was not expected. */
import { ReptraceError } from '../lib/errors.ts';

export function reportFailure(error: unknown): void {
  if (error instanceof ReptraceError) {
    process.stderr.write(`reptrace: ${error.message} [${error.code}]\n  ${error.remedy}\n`);
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`reptrace: unexpected failure: ${text}\n  Please report this.\n`);
}
