/** The gate that every operation passes, over HTTP and WebSocket alike, before anything is validated, planned or run. */
import { GraphQLError, parse, type DocumentNode } from 'graphql';
import { ReptraceError } from '../../lib/errors.ts';
import { checkQueryText } from '../../lib/http/query-text.ts';
import { checkDocument } from './document-limits.ts';

/** Bytes of a request's body, or of one WebSocket message. */
export const REQUEST_BYTES = 2_000_000;
const TEXT = { depth: 20, tokens: 10_000 };
const DOCUMENT = { depth: 20, selections: 500, rootFields: 10, costlyFields: 3 };

/** Throws QUERY_TOO_DEEP, QUERY_TOO_COSTLY, QUERY_INVALID (a syntax error). */
export function admit(query: string): DocumentNode {
  checkQueryText(query, TEXT);
  const document = parsed(query);
  checkDocument(document, DOCUMENT);
  return document;
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [at] = error.locations ?? [];
    const place = at === undefined ? '' : ` (line ${at.line}, column ${at.column})`;
    throw new ReptraceError(
      'QUERY_INVALID',
      `${error.message}${place}`,
      'Correct the syntax of the operation.',
      {
        cause: error,
      },
    );
  }
}
