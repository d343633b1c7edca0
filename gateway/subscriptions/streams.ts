/**
 * The subscriptions, each as the query that it stands for: @apollo/gateway runs no subscriptions, so a stream is that query, asked
 * again whenever the bus hints at news. Checked against the schema at start, so that no field is declared and not served.
 */
import type { GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { ReptraceError } from '../../lib/errors.ts';
import { progressSubject } from '../../lib/mesh/index-messages.ts';

export interface Stream {
  /** Field of Query with the same arguments and type; null when nothing is newer than the cursor. */
  readonly queryField: string;
  /** Argument that names what is watched, by id or name. */
  readonly keyArgument: string;
  /** Argument and field that hold the cursor. */
  readonly cursorArgument: string;
  readonly cursorField: string;
  readonly stateField: string;
  /** States after which nothing comes. */
  readonly endStates: ReadonlySet<unknown>;
  /** Field of Query that finds what is watched by `id: ID!`, and has an `id`. */
  readonly keyField: string;
  /** Of hints, by the id. */
  readonly subject: (id: string) => string;
  readonly unknownKey: (key: string) => ReptraceError;
}

export const STREAMS: ReadonlyMap<string, Stream> = new Map([
  [
    'indexProgress',
    {
      queryField: 'indexProgress',
      keyArgument: 'index',
      cursorArgument: 'after',
      cursorField: 'cursor',
      stateField: 'state',
      endStates: new Set(['COMPLETED', 'CANCELLED', 'FAILED']),
      keyField: 'index',
      subject: progressSubject,
      unknownKey: (key) =>
        new ReptraceError(
          'INDEX_NOT_FOUND',
          `there is no index "${key.slice(0, 100)}"`,
          'Ask `{ indexes { id name state } }` for those that there are.',
        ),
    },
  ],
]);

/** Throws an Error when the schema and the table do not fit: a mistake in the code. */
export function checkStreams(schema: GraphQLSchema): void {
  const declared = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
  for (const field of declared) {
    const stream = STREAMS.get(field.name);
    if (stream === undefined)
      throw new Error(`Subscription.${field.name} has no entry in gateway/subscriptions/streams.ts`);
    checkStream(stream, field, schema);
  }
  for (const name of STREAMS.keys()) {
    if (!declared.some((field) => field.name === name)) throw new Error(`there is no Subscription.${name}`);
  }
}

function checkStream(stream: Stream, field: GraphQLField<unknown, unknown>, schema: GraphQLSchema): void {
  const queries = schema.getQueryType()?.getFields() ?? {};
  const query = queries[stream.queryField];
  const type = schema.getType(String(field.type).replace('!', '')) as GraphQLObjectType | undefined;
  const wrong = (what: string): Error => new Error(`Subscription.${field.name}: ${what}`);
  if (query === undefined) throw wrong(`there is no Query.${stream.queryField}`);
  if (String(query.type) !== type?.name)
    throw wrong(`Query.${stream.queryField} is of another type, or not nullable`);
  for (const { args } of [field, query]) {
    const types = new Map(args.map((argument) => [argument.name, String(argument.type)]));
    if (
      types.size !== 2 ||
      types.get(stream.keyArgument) !== 'ID!' ||
      types.get(stream.cursorArgument) !== 'String'
    ) {
      throw wrong(`arguments other than ${stream.keyArgument}: ID! and ${stream.cursorArgument}: String`);
    }
  }
  for (const name of [stream.cursorField, stream.stateField]) {
    if (type.getFields()[name] === undefined) throw wrong(`${type.name} has no ${name}`);
  }
  if (queries[stream.keyField]?.args[0]?.name !== 'id')
    throw wrong(`there is no Query.${stream.keyField}(id)`);
}
