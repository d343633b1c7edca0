/** What a call to Qdrant fails with, told in reptrace's words; and which failures are worth another try. */
import { ReptraceError, reasonOf } from '../../../lib/errors.ts';
import { indexNotFound } from './checks.ts';

/** The URL as messages may show it: without user, password and query. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

/** The HTTP status that the server answered with; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}

/** No answer came, or one from something between here and the server: trying again may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ReptraceError || isTimeout(error)) return false;
  const status = statusOf(error);
  if (status !== undefined) return status === 502 || status === 503;
  return error instanceof TypeError && error.message === 'fetch failed';
}

/** The failure to tell. @param shown the server's URL, without credentials */
export function qdrantFailure(shown: string, index: string | undefined, error: unknown): unknown {
  if (error instanceof ReptraceError) return error;
  const status = statusOf(error);
  const reason = status === undefined ? connectionReason(error) : `${status}: ${serverReason(error)}`;
  if (/no space left|disk (is )?full|available disk|not enough (disk|space)|os error 28\b/i.test(reason)) {
    return new ReptraceError(
      'DISK_FULL',
      `the disk of Qdrant at ${shown} is full (${reason})`,
      'Make room on it and go on: `reptrace index resume` enqueues what is missing.',
      { cause: error },
    );
  }
  if (status === 404 && index !== undefined) return indexNotFound(index);
  if (status === 401 || status === 403) {
    return unreachable(
      `Qdrant at ${shown} refused the API key (${reason})`,
      'Set the key that it expects.',
      error,
    );
  }
  if (status === 413) {
    return new ReptraceError(
      'REQUEST_TOO_LARGE',
      `a sample is too large for Qdrant at ${shown} (${reason})`,
      'Shorten its texts, or raise service.max_request_size_mb there.',
      { cause: error },
    );
  }
  if (
    status === undefined ? isTimeout(error) || error instanceof TypeError : status >= 500 || status === 429
  ) {
    return unreachable(
      `Qdrant at ${shown} cannot be used (${reason})`,
      'Start it, or check QDRANT_URL; nothing that was stored is lost, and what failed can be done again.',
      error,
    );
  }
  return new ReptraceError(
    'INTERNAL',
    `Qdrant at ${shown} refused a request (${reason})`,
    'Check that it is version 1.16 or later; otherwise report this.',
    { cause: error },
  );
}

function unreachable(message: string, remedy: string, cause: unknown): ReptraceError {
  return new ReptraceError('STORE_UNREACHABLE', message, remedy, { cause });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'QdrantClientTimeoutError';
}

/** `fetch failed` says nothing; its cause does. */
function connectionReason(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return ('code' in cause ? String(cause.code) : cause.message).slice(0, 200);
  return reasonOf(error).slice(0, 200);
}

/** The server's own sentence: `{"status":{"error":"…"}}`. */
function serverReason(error: unknown): string {
  const data = error instanceof Error && 'data' in error ? error.data : undefined;
  const text = data === undefined ? reasonOf(error) : (JSON.stringify(data) ?? '');
  return text.slice(0, 400);
}
