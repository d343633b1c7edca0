/** A service in this process; what its resolvers throw is told in the words in which a service in another process would tell it. */
import { LocalGraphQLDataSource, type GraphQLDataSource } from '@apollo/gateway';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { publicError } from '../../lib/http/public-error.ts';
import type { Log } from '../../lib/log.ts';

type Options = Parameters<GraphQLDataSource['process']>[0];
type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;

export class LocalSource extends LocalGraphQLDataSource {
  readonly #log: Log;

  constructor(schema: GraphQLSchema, log: Log) {
    super(schema);
    this.#log = log;
  }

  override async process(options: Options): Promise<Answer> {
    const { errors, ...answer } = await super.process(options);
    if (errors === undefined) return answer;
    return {
      ...answer,
      errors: errors.map((error) =>
        publicError(error instanceof GraphQLError ? error.toJSON() : error, error, this.#log),
      ),
    };
  }
}
