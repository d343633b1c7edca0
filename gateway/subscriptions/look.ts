/** What a client's subscription asks for, and what the answer to one look at it means. Pure. */
import {
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  print,
  separateOperations,
  type DocumentNode,
  type FieldNode,
  type FormattedExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { ReptraceError } from '../../lib/errors.ts';
import type { Operation } from '../executor.ts';
import { asQuery, freePrefix } from './as-query.ts';
import { STREAMS, type Stream } from './streams.ts';

export interface Subscription {
  /** Validated. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface Look {
  readonly stream: Stream;
  /** What is watched, by id or name, as the client said it. */
  readonly key: string;
  /** Where the client has got to. */
  readonly after: string | null;
  readonly request: (id: string, after: string | null) => Operation;
  readonly read: (result: FormattedExecutionResult) => Seen;
}

export type Seen =
  | {
      readonly kind: 'event';
      readonly cursor: string;
      readonly state: string;
      readonly result: FormattedExecutionResult;
    }
  | { readonly kind: 'nothing new' }
  /** What was watched is there no more. */
  | { readonly kind: 'gone' }
  /** A directive of the client's leaves the field out. */
  | { readonly kind: 'left out' }
  | { readonly kind: 'failed'; readonly errors: NonNullable<FormattedExecutionResult['errors']> };

/** Throws a ReptraceError QUERY_INVALID: variables that do not fit, an operation that is none. */
export function lookOf(schema: GraphQLSchema, { document, operationName, variables }: Subscription): Look {
  const chosen = getOperationAST(document, operationName);
  const alone = separateOperations(document)[chosen?.name?.value ?? ''];
  const operation = getOperationAST(alone);
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  const root = operation && rootField(operation.selectionSet, fragmentsOf(alone));
  const stream = root && STREAMS.get(root.name.value);
  if (!operation || !root || !stream) throw invalid('the operation is not a subscription of this graph');
  const args = argumentsOf(root, fields[root.name.value], operation, variables, schema);
  const prefix = freePrefix(print(alone));
  const query = print(asQuery(alone, stream, prefix));
  return {
    stream,
    key: String(args[stream.keyArgument]),
    after: (args[stream.cursorArgument] as string | null | undefined) ?? null,
    request: (id, after) => ({
      query,
      variables: { ...variables, [`${prefix}key`]: id, [`${prefix}after`]: after },
      operationName: operation.name?.value,
    }),
    read: (result) => read(result, root.alias?.value ?? root.name.value, prefix),
  };
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

function fragmentsOf({ definitions }: DocumentNode): Fragments {
  return new Map(
    definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
}

/** Validation has seen to it that there is one root field, under however many fragments, and that these do not go in circles. */
function rootField({ selections }: SelectionSetNode, fragments: Fragments): FieldNode | undefined {
  for (const node of selections) {
    if (node.kind === Kind.FIELD) return node;
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
    const found = inner && rootField(inner.selectionSet, fragments);
    if (found) return found;
  }
  return undefined;
}

function argumentsOf(
  field: FieldNode,
  definition: Parameters<typeof getArgumentValues>[0],
  { variableDefinitions }: OperationDefinitionNode,
  variables: Subscription['variables'],
  schema: GraphQLSchema,
): Readonly<Record<string, unknown>> {
  const { coerced, errors } = getVariableValues(schema, variableDefinitions ?? [], variables ?? {}, {
    maxErrors: 5,
  });
  if (errors) throw invalid(errors.map(({ message }) => message).join('; '));
  try {
    return getArgumentValues(definition, field, coerced);
  } catch (error) {
    if (error instanceof GraphQLError) throw invalid(error.message);
    throw error;
  }
}

function read(
  { data, errors = [], extensions }: FormattedExecutionResult,
  key: string,
  prefix: string,
): Seen {
  const own = (name: string): string => `${prefix}${name}`;
  const theirs = errors.filter(({ path }) => path?.[0] !== own('alive'));
  const value = data?.[key] as Record<string, unknown> | null | undefined;
  if (value) {
    const { [own('cursor')]: cursor, [own('state')]: state, ...event } = value;
    const result = {
      data: { [key]: event },
      ...(theirs.length > 0 && { errors: theirs }),
      ...(extensions && { extensions }),
    };
    return { kind: 'event', cursor: String(cursor), state: String(state), result };
  }
  if (theirs.length > 0) return { kind: 'failed', errors: theirs };
  if (value === undefined) return { kind: 'left out' };
  const isGone = data?.[own('alive')] === null && errors.length === 0;
  return { kind: isGone ? 'gone' : 'nothing new' };
}

function invalid(message: string): ReptraceError {
  return new ReptraceError(
    'QUERY_INVALID',
    message,
    'Check the subscription and its variables against the schema.',
  );
}
