/** A service's part of the federated graph, from its schema's text and its resolvers. */
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';

type Module = Exclude<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>;

/** @param resolvers checked against the generated types, which the library's own type of a resolver map does not know */
export function subgraphSchema(text: string, resolvers: object): GraphQLSchema {
  return buildSubgraphSchema({ typeDefs: parse(text), resolvers } as Module);
}
