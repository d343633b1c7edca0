/**
 * Runs operations over the supergraph: @apollo/gateway plans them, Apollo Server checks them. Used alike by HTTP and by the
 * looks of subscriptions, so that both see one graph, one set of rules and one kind of errors.
 */
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import { apolloLogger, apolloOptions } from '../lib/http/apollo-options.ts';
import type { Log } from '../lib/log.ts';
import { SERVICE_NAMES, type RequestContext, type ServiceName } from '../lib/mesh/service.ts';
import { answerHonestly, noSubscriptions } from './plugins.ts';
import { LocalSource } from './sources/local-source.ts';
import { RemoteSource } from './sources/remote-source.ts';
import type { ServiceEntries } from './sources/service-entry.ts';
import { readSupergraph } from './supergraph.ts';

export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown> | undefined;
  readonly operationName?: string | undefined;
}

export type Execute = (operation: Operation) => Promise<FormattedExecutionResult>;

export interface Executor {
  /** For Apollo's HTTP handler. */
  readonly apollo: ApolloServer<RequestContext>;
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  readonly execute: Execute;
  /** Throws what keeps one of the services from answering. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface ExecutorOptions {
  readonly services: ServiceEntries;
  readonly token: string | undefined;
  readonly log: Log;
}

export async function startExecutor({ services, token, log }: ExecutorOptions): Promise<Executor> {
  // Read when a gateway is made: without it, @apollo/gateway reports to Apollo how it is used. There is no option for this.
  process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
  let apiSchema: GraphQLSchema | undefined;
  const loaded = (): GraphQLSchema => {
    if (apiSchema === undefined) throw new Error('the supergraph is not loaded yet');
    return apiSchema;
  };
  const remotes: RemoteSource[] = [];
  const gateway = new ApolloGateway({
    supergraphSdl: await readSupergraph(),
    logger: apolloLogger(log),
    // On outside production if not said: plans on demand, in the answers.
    __exposeQueryPlanExperimental: false,
    buildService: ({ name }) => {
      const entry = services[serviceName(name)];
      if ('schema' in entry) return new LocalSource(entry.schema, log);
      const source = new RemoteSource({
        name: serviceName(name),
        url: entry.url,
        token,
        log,
        apiSchema: loaded,
      });
      remotes.push(source);
      return source;
    },
  });
  // Before the server starts; afterwards it is never called.
  gateway.onSchemaLoadOrUpdate((context) => {
    apiSchema = context.apiSchema;
  });
  const options = apolloOptions(log);
  const apollo = new ApolloServer<RequestContext>({
    ...options,
    gateway,
    plugins: [...options.plugins, noSubscriptions(), answerHonestly(log)],
  });
  await apollo.start();
  return {
    apollo,
    apiSchema: loaded(),
    execute: async ({ query, variables, operationName }) => {
      const { body } = await apollo.executeOperation(
        { query, ...(variables && { variables }), ...(operationName !== undefined && { operationName }) },
        { contextValue: { loaders: new Map() } },
      );
      if (body.kind === 'single') return body.singleResult;
      throw new Error('@apollo/gateway does not answer in parts');
    },
    ready: async () => {
      const locals = Object.values(services).map((entry) =>
        'schema' in entry ? entry.ready?.() : undefined,
      );
      await Promise.all([...locals, ...remotes.map((remote) => remote.probe())]);
    },
    close: () => apollo.stop(),
  };
}

/** The supergraph's graphs are called as the services are. */
function serviceName(name: string): ServiceName {
  const known = SERVICE_NAMES.find((service) => service === name);
  if (known === undefined)
    throw new Error(`the supergraph has a service "${name}" that the gateway does not know`);
  return known;
}
