/** What a WebSocket client may do: show its token, and run operations that pass the same gate as those over HTTP. */
import type { IncomingMessage } from 'node:http';
import {
  getOperationAST,
  GraphQLError,
  print,
  validate,
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import {
  CloseCode,
  type ExecutionResult,
  type OperationResult,
  type ServerOptions,
  type SubscribePayload,
} from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Bus } from '../lib/bus/bus.ts';
import { ReptraceError } from '../lib/errors.ts';
import { showsToken } from '../lib/http/access.ts';
import { publicError } from '../lib/http/public-error.ts';
import type { Log } from '../lib/log.ts';
import { graphqlError } from '../lib/mesh/failures.ts';
import type { Execute } from './executor.ts';
import { admit } from './limits/admit.ts';
import { lookOf } from './subscriptions/look.ts';
import { watch } from './subscriptions/watch.ts';

export interface SocketRulesOptions {
  readonly apiSchema: GraphQLSchema;
  readonly execute: Execute;
  readonly bus: Bus;
  readonly token: string | undefined;
  readonly log: Log;
}

interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

type Rules = ServerOptions<Record<string, unknown>, Connection>;

/** Operations at work on one connection. */
const MOST_OPERATIONS = 100;
/** For the first message, which shows the token. */
const INIT_MS = 3000;

export function socketRules({ apiSchema, execute, bus, token, log }: SocketRulesOptions): Rules {
  return {
    connectionInitWaitTimeout: INIT_MS,
    onConnect: ({ connectionParams, extra }) => {
      // Headers that show a token were checked when the connection was made.
      if (token === undefined || extra.request.headers.authorization !== undefined) return true;
      const shown = connectionParams?.['authorization'];
      // 4403 says that what was shown is wrong; to show nothing is 4401. Closing twice is closing once.
      if (shown === undefined) extra.socket.close(CloseCode.Unauthorized, 'Unauthorized');
      return showsToken(shown, token);
    },
    onSubscribe: ({ subscriptions }, _id, payload) => {
      try {
        if (Object.keys(subscriptions).length > MOST_OPERATIONS) throw tooMany();
        return executionOf(payload, apiSchema);
      } catch (error) {
        return [asGraphqlError(error)];
      }
    },
    subscribe: ({ schema, document, operationName, variableValues: variables }) => {
      try {
        return asOperationResult(
          watch(lookOf(schema, { document, operationName, variables }), { execute, bus, log }),
        );
      } catch (error) {
        return { errors: [asGraphqlError(error)] };
      }
    },
    execute: async ({ document, operationName, variableValues }) =>
      asOperationResult(
        await execute({
          query: print(document),
          ...(variableValues && { variables: { ...variableValues } }),
          ...(operationName != null && { operationName }),
        }),
      ),
    // Results from the executor have been formatted; only what was refused above still has GraphQLErrors.
    onNext: (_context, _id, _payload, _args, result) => formattedResult(result, log),
    onError: (_context, _id, _payload, errors) => errors.map((error) => told(error, log)),
  };
}

function executionOf(
  { query, operationName, variables }: SubscribePayload,
  schema: GraphQLSchema,
): ExecutionArgs | GraphQLError[] {
  const document = admit(query);
  const errors = validate(schema, document);
  if (errors.length > 0) {
    return errors.map(
      ({ message, nodes }) =>
        new GraphQLError(message, {
          nodes: nodes ?? null,
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        }),
    );
  }
  if (!getOperationAST(document, operationName)) {
    throw new ReptraceError(
      'QUERY_INVALID',
      operationName == null
        ? 'the document has several operations'
        : `there is no operation "${operationName.slice(0, 100)}"`,
      'Name the operation that is to be run in `operationName`.',
    );
  }
  return { schema, document, operationName: operationName ?? null, variableValues: variables ?? null };
}

function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof ReptraceError) return graphqlError(error);
  const thrown = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(thrown.message, { originalError: thrown });
}

function formattedResult({ errors, data, extensions }: ExecutionResult, log: Log): FormattedExecutionResult {
  return {
    ...(errors && { errors: errors.map((error) => told(error, log)) }),
    ...(data !== undefined && { data }),
    ...(extensions && { extensions }),
  };
}

function told(error: GraphQLError, log: Log): ReturnType<typeof publicError> {
  // The types say GraphQLError; errors that the executor has formatted are plain already.
  return error instanceof GraphQLError ? publicError(error.toJSON(), error, log) : error;
}

/** graphql-ws types results with GraphQLErrors; all that it does with them is done in `onNext`. */
function asOperationResult(result: unknown): OperationResult {
  return result as OperationResult;
}

function tooMany(): ReptraceError {
  return new ReptraceError(
    'QUERY_TOO_COSTLY',
    `a connection may run ${MOST_OPERATIONS} operations at once`,
    'Complete some of them, or open a second connection.',
  );
}
