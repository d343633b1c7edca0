/** Asks a mesh over GraphQL: queries and mutations by HTTP, subscriptions by graphql-transport-ws. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ERROR_CODES, reasonOf, ReptraceError, type ErrorCode } from '../../lib/errors.ts';

export interface Connection {
  /** http(s)://…/graphql */
  readonly url: string;
  readonly token?: string | undefined;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: unknown; readonly remedy?: unknown };
  }[];
}

export class GraphqlClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The data, whole. Throws the first error by its code, SERVICE_UNAVAILABLE when nothing answers at the URL. */
  async ask<T>(query: string, variables: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T> {
    const { url, token } = this.#connection;
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
      signal: signal ?? null,
    }).catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    const text = await response.text();
    return dataOf(parseAnswer(text, url, response.status)) as T;
  }

  /**
   * What a subscription gives, until it completes or the signal fires. Throws as `ask` does; a lost connection is taken up by
   * the caller.
   */
  async *subscribe<T>(
    query: string,
    variables: Record<string, unknown>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void, void> {
    const { url, token } = this.#connection;
    const client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
    });
    const leave = (): void => void client.dispose();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      for await (const answer of client.iterate({ query, variables })) {
        yield dataOf(answer as Answer) as T;
      }
    } catch (error) {
      if (error instanceof ReptraceError) throw error;
      throw this.#unreachable(error);
    } finally {
      signal?.removeEventListener('abort', leave);
      await client.dispose();
    }
  }

  #unreachable(error: unknown): ReptraceError {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return new ReptraceError('CANCELLED', 'the request was cancelled', 'Ask again.', { cause: error });
    }
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return new ReptraceError(
      'SERVICE_UNAVAILABLE',
      `no mesh answers at ${this.#connection.url}: ${connectionReason(cause)}`,
      'Start one with `reptrace up`, or name another with --server.',
      { cause: error },
    );
  }
}

function dataOf({ data, errors }: Answer): unknown {
  const [error] = errors ?? [];
  if (error === undefined) return data;
  const { code, remedy } = error.extensions ?? {};
  throw new ReptraceError(
    isErrorCode(code) ? code : 'INTERNAL',
    error.message,
    typeof remedy === 'string' ? remedy : "See the mesh's log.",
  );
}

/** WebSocket closings are events, not errors. */
function connectionReason(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'code' in cause && 'reason' in cause) {
    return `connection closed (${String(cause.code)}) ${String(cause.reason)}`.trim();
  }
  return reasonOf(cause);
}

function parseAnswer(text: string, url: string, status: number): Answer {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below: it is no GraphQL answer either way.
  }
  throw new ReptraceError(
    'SERVICE_UNAVAILABLE',
    `${url} answers with status ${status}, and not in GraphQL`,
    'Check the URL: it is the gateway’s, and ends in /graphql.',
  );
}

function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}
