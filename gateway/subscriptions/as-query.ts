/**
 * A subscription rewritten to the query that is asked at every look: the root field under the client's name for it, what is watched
 * and the cursor as variables of ours, and cursor, state and a sign of life under aliases of ours, to be taken out of the answer.
 * Everything else of the client's (selection, fragments, directives, variables) stays as it is. Pure.
 */
import {
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  visit,
  type DocumentNode,
  type FieldNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Stream } from './streams.ts';

/** Begins no name in the client's text. */
export function freePrefix(text: string): string {
  let prefix = 'look_';
  while (text.includes(prefix)) prefix = `_${prefix}`;
  return prefix;
}

/**
 * The document of one subscription, as a query with the variables `PREFIXkey` and `PREFIXafter`, and in its answer
 * `PREFIXcursor` and `PREFIXstate` in the root field, and `PREFIXalive` beside it.
 */
export function asQuery(document: DocumentNode, stream: Stream, prefix: string): DocumentNode {
  const rewritten: DocumentNode = {
    ...document,
    definitions: document.definitions.map((node) => {
      if (node.kind === Kind.OPERATION_DEFINITION) {
        const { selections } = ofQuery(node.selectionSet, stream, prefix);
        const alive = ours(`{ ${prefix}alive: ${stream.keyField}(id: $${prefix}key) { id } }`);
        return {
          ...node,
          operation: OperationTypeNode.QUERY,
          selectionSet: { ...node.selectionSet, selections: [...selections, ...alive] },
        };
      }
      if (node.kind !== Kind.FRAGMENT_DEFINITION || node.typeCondition.name.value !== 'Subscription')
        return node;
      return { ...node, typeCondition: QUERY, selectionSet: ofQuery(node.selectionSet, stream, prefix) };
    }),
  };
  return withVariables(rewritten, prefix);
}

const QUERY = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'Query' } } as const;

/** The root selection set, or one of a fragment on Subscription. */
function ofQuery(set: SelectionSetNode, stream: Stream, prefix: string): SelectionSetNode {
  const { queryField, keyArgument, cursorArgument, cursorField, stateField } = stream;
  const [like] = ours(
    `{ ${queryField}(${keyArgument}: $${prefix}key, ${cursorArgument}: $${prefix}after) { ${prefix}cursor: ${cursorField} ${prefix}state: ${stateField} } }`,
  );
  return {
    ...set,
    selections: set.selections.map((node): SelectionNode => {
      if (node.kind === Kind.FRAGMENT_SPREAD) return node;
      if (node.kind === Kind.INLINE_FRAGMENT) {
        return {
          ...node,
          ...(node.typeCondition && { typeCondition: QUERY }),
          selectionSet: ofQuery(node.selectionSet, stream, prefix),
        };
      }
      const selections = [...(node.selectionSet?.selections ?? []), ...(like.selectionSet?.selections ?? [])];
      return {
        ...node,
        alias: node.alias ?? node.name,
        name: like.name,
        ...(like.arguments && { arguments: like.arguments }),
        selectionSet: { kind: Kind.SELECTION_SET, selections },
      };
    }),
  };
}

/** Fields written by us. */
function ours(text: string): readonly FieldNode[] {
  const operation = getOperationAST(parse(text, { noLocation: true }));
  return (operation?.selectionSet.selections ?? []) as readonly FieldNode[];
}

/** Declares our variables, and no longer those that only the arguments used which are ours now. */
function withVariables(document: DocumentNode, prefix: string): DocumentNode {
  const used = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      used.add(name.value);
    },
  });
  const declared = getOperationAST(
    parse(`query($${prefix}key: ID!, $${prefix}after: String) { a }`, { noLocation: true }),
  );
  return {
    ...document,
    definitions: document.definitions.map((node) =>
      node.kind === Kind.OPERATION_DEFINITION
        ? {
            ...node,
            variableDefinitions: [
              ...(node.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value)),
              ...(declared?.variableDefinitions ?? []),
            ],
          }
        : node,
    ),
  };
}
