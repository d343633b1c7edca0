/**
 * What stands in for the answer of a service that gives none: an error for each field that was asked of it, and, where a field
 * may not be null because it is a union with a failure among its members, that failure. So one service that is down never makes
 * the whole answer null.
 */
import {
  executeSync,
  getOperationAST,
  GraphQLInterfaceType,
  isNonNullType,
  isUnionType,
  Kind,
  parse,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { ReptraceError } from '../../lib/errors.ts';
import { formatted } from '../../lib/http/public-error.ts';

export interface StandIn {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly GraphQLFormattedError[];
}

/**
 * @param query what the gateway would have asked the service
 * @param schema the API schema, which has the root fields of all services
 */
export function standIn(
  error: ReptraceError,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
): StandIn {
  const document = parse(query);
  const operation = getOperationAST(document);
  const at = (path: readonly (string | number)[]): GraphQLFormattedError => ({ ...formatted(error), path });
  const keys = operation ? responseKeys(operation) : [];
  // Entities: the gateway turns the place of the first one into its place in the client's answer.
  if (keys.includes('_entities')) return { data: null, errors: [at(['_entities', 0])] };
  const { data } = executeSync({
    schema,
    document,
    rootValue: operation ? failures(error, operation, schema) : {},
    variableValues: variables,
  });
  return { data: data ?? null, errors: keys.map((key) => at([key])) };
}

/** The gateway asks for root fields by fields alone, without fragments. */
function responseKeys({ selectionSet }: OperationDefinitionNode): readonly string[] {
  return selectionSet.selections.flatMap((node) =>
    node.kind === Kind.FIELD ? [node.alias?.value ?? node.name.value] : [],
  );
}

/** For each root field that must have a value: a member of its union that says what is wrong. */
function failures(
  { code, message, remedy }: ReptraceError,
  { operation }: OperationDefinitionNode,
  schema: GraphQLSchema,
): Record<string, unknown> {
  const failure = schema.getType('Failure');
  const fields = Object.values(schema.getRootType(operation)?.getFields() ?? {});
  return Object.fromEntries(
    fields.flatMap(({ name, type }) => {
      if (!isNonNullType(type) || !isUnionType(type.ofType) || !(failure instanceof GraphQLInterfaceType))
        return [];
      const member = type.ofType.getTypes().find((candidate) => candidate.getInterfaces().includes(failure));
      return member ? [[name, { __typename: member.name, code, message, remedy }]] : [];
    }),
  );
}
