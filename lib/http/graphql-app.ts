/** The HTTP side that the gateway and the services share: health, who may ask, how much, and then Apollo Server. */
import type { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { ReptraceError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RequestContext } from '../mesh/service.ts';
import { refusal, refusalStatus } from './access.ts';
import { livez, readyz } from './health.ts';
import { formatted, unexpected } from './public-error.ts';

export interface GraphqlAppOptions {
  /** Started. */
  readonly apollo: ApolloServer<RequestContext>;
  readonly token: string | undefined;
  readonly log: Log;
  readonly ready: () => Promise<void>;
  /** Bytes. */
  readonly bodyLimit: number;
  /** Throws a ReptraceError when this text of an operation may not even be parsed. */
  readonly admit: (query: string) => void;
  /** What a person who opens `/` reads. */
  readonly front: string;
}

/** A body that is turned away may go on arriving, and being thrown away, for so long. */
const REST_MS = 10_000;

export function graphqlApp(options: GraphqlAppOptions): Express {
  const { apollo, token, log, ready, bodyLimit, front } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/livez', livez);
  app.get('/readyz', readyz(ready, token, log));
  app.use(access(token));
  app.get('/', (_request, response) => {
    response.type('text/plain').send(front);
  });
  app.use(
    '/graphql',
    // Nothing that is compressed is taken, so that no few bytes become many.
    express.json({ limit: bodyLimit, inflate: false }),
    admission(options.admit),
    expressMiddleware(apollo, { context: () => Promise.resolve({ loaders: new Map() }) }),
  );
  app.use((_request, response) => {
    response.status(404).type('text/plain').send('Not here. The graph is at /graphql.\n');
  });
  app.use(failure(log, bodyLimit));
  return app;
}

/** An answer that GraphQL clients understand. */
export function sendError(response: Response, status: number, error: ReptraceError): void {
  response.status(status).json({ errors: [formatted(error)] });
}

function access(token: string | undefined): RequestHandler {
  return (request, response, next) => {
    const refused = refusal(request.headers, token);
    if (refused === undefined) next();
    else sendError(response, refusalStatus(refused), refused);
  };
}

function admission(admit: (query: string) => void): RequestHandler {
  return (request, response, next) => {
    const body: unknown = request.body;
    const posted = typeof body === 'object' && body !== null && 'query' in body ? [body.query] : [];
    const asked = new URL(request.originalUrl, 'http://localhost').searchParams.getAll('query');
    try {
      for (const query of [...posted, ...asked]) if (typeof query === 'string') admit(query);
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      sendError(response, 400, error);
      return;
    }
    next();
  };
}

/** What the body parser threw, by the `type` that it gives its errors; the rest is unexpected. */
function failure(log: Log, bodyLimit: number): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const kind = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
    if (kind === 'request.aborted') return;
    if (kind === 'entity.too.large') {
      sendError(response, 413, tooLarge(bodyLimit));
      const cutOff = setTimeout(() => request.destroy(), REST_MS);
      request.once('close', () => {
        clearTimeout(cutOff);
      });
    } else if (kind === 'entity.parse.failed') {
      sendError(response, 400, invalid('the body is not JSON', 'Send {"query": "…", "variables": {…}}.'));
    } else if (kind === 'encoding.unsupported' || kind === 'charset.unsupported') {
      sendError(
        response,
        415,
        invalid('the body is compressed, or not in UTF-8', 'Send plain JSON in UTF-8.'),
      );
    } else {
      sendError(response, 500, unexpected(error, log));
    }
  };
}

function tooLarge(limit: number): ReptraceError {
  return new ReptraceError(
    'REQUEST_TOO_LARGE',
    `the request is larger than ${limit / 1_000_000} MB`,
    'Send less at once; datasets are named by their path, not sent.',
  );
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('QUERY_INVALID', message, remedy);
}
