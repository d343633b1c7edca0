/** The scalar JSON of every subgraph: any value, passed on as it is. */
import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';

export const jsonScalar = new GraphQLScalarType<unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (literal, variables) => valueFromASTUntyped(literal, variables),
});
