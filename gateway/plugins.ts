/** What Apollo Server does not do by itself. */
import type { ApolloServerPlugin } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import { ReptraceError } from '../lib/errors.ts';
import { formatted, unexpected } from '../lib/http/public-error.ts';
import type { Log } from '../lib/log.ts';
import { graphqlError } from '../lib/mesh/failures.ts';
import type { RequestContext } from '../lib/mesh/service.ts';

/** A subscription over plain HTTP is refused with a word on where it works. */
export function noSubscriptions(): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation: ({ operation }) =>
          operation?.operation === OperationTypeNode.SUBSCRIPTION
            ? Promise.reject(onlyBySocket())
            : Promise.resolve(),
      }),
  };
}

/**
 * Where a service gave null for what may not be null, the gateway makes the nearest field null that may be, and puts the reason
 * beside the answer. That is how an entity reads that is gone (an index that a trace names), so it stays as it is; but when it
 * leaves no answer at all, that is an error, and is told as one.
 */
export function answerHonestly(log: Log): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: ({ response: { body } }) => {
          if (body.kind !== 'single') return Promise.resolve();
          const { singleResult: result } = body;
          const { valueCompletion, ...extensions } = result.extensions ?? {};
          if (valueCompletion === undefined) return Promise.resolve();
          log.debug({ valueCompletion }, 'null where there should be a value');
          if (Object.keys(extensions).length > 0) result.extensions = extensions;
          else delete result.extensions;
          if (result.data === null && (result.errors ?? []).length === 0) {
            result.errors = [formatted(unexpected(valueCompletion, log))];
          }
          return Promise.resolve();
        },
      }),
  };
}

function onlyBySocket(): Error {
  const error = graphqlError(
    new ReptraceError(
      'QUERY_INVALID',
      'subscriptions are not served over plain HTTP',
      'Open a WebSocket at the same URL, with the subprotocol graphql-transport-ws.',
    ),
  );
  error.extensions['http'] = { status: 400 };
  return error;
}
