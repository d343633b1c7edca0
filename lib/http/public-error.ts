/**
 * What clients are told of an error: a code of the one vocabulary, a message and a remedy. What nobody foresaw goes into the log
 * under an id, and only the id goes out: no message of a library, no path, no stack.
 */
import { randomUUID } from 'node:crypto';
import type { GraphQLFormattedError } from 'graphql';
import { ERROR_CODES, ReptraceError, type ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';

/** Codes by which Apollo Server says that the client's operation is at fault; its messages name fields and variables only. */
const CLIENT_FAULTS: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);
const CHECK_OPERATION =
  'Check the operation and its variables against the schema, which introspection tells and schema/api.graphql has.';
/** Errors wrap errors: the resolver's, graphql-js's, the gateway's. */
const DEEPEST_CAUSE = 8;

/** @param thrown what the formatted error was made of; anything */
export function publicError(
  { message, path, locations, extensions }: GraphQLFormattedError,
  thrown: unknown,
  log: Log,
): GraphQLFormattedError {
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const expected = causeOf(thrown);
  if (expected !== undefined) return { ...formatted(expected), ...place };
  const { code, remedy } = extensions ?? {};
  if (isErrorCode(code)) {
    return {
      message,
      ...place,
      extensions: { code, remedy: typeof remedy === 'string' ? remedy : defaultRemedy(code) },
    };
  }
  if (CLIENT_FAULTS.has(code)) {
    return {
      message: message.trim(),
      ...place,
      extensions: { code: 'QUERY_INVALID', remedy: CHECK_OPERATION },
    };
  }
  return { ...formatted(unexpected(thrown, log)), ...place };
}

/** A ReptraceError as a member of `errors`. */
export function formatted({ code, message, remedy }: ReptraceError): GraphQLFormattedError {
  return { message, extensions: { code, remedy } };
}

/** Logs the error under an id, and gives what may be told of it. */
export function unexpected(thrown: unknown, log: Log): ReptraceError {
  const errorId = randomUUID();
  log.error({ err: thrown, errorId }, 'unexpected error');
  return new ReptraceError(
    'INTERNAL',
    'something unexpected went wrong',
    `The service's log says what, under error ${errorId}. If it comes again, report it.`,
    { cause: thrown },
  );
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}

function defaultRemedy(code: ErrorCode): string {
  return code === 'QUERY_INVALID' ? CHECK_OPERATION : "See the service's log.";
}

/** The ReptraceError that a resolver threw, under what was wrapped around it. */
function causeOf(thrown: unknown): ReptraceError | undefined {
  let error = thrown;
  for (let depth = 0; depth < DEEPEST_CAUSE; depth++) {
    if (error instanceof ReptraceError) return error;
    if (!(error instanceof Error) || !('originalError' in error)) return undefined;
    error = error.originalError;
  }
  return undefined;
}
