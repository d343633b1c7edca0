/** One service's part of the graph over HTTP, for a gateway in another process. */
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import type { Log } from '../log.ts';
import type { RequestContext, Service } from '../mesh/service.ts';
import { apolloOptions } from './apollo-options.ts';
import { graphqlApp } from './graphql-app.ts';
import { closeServer, listen } from './listen.ts';
import { checkQueryText } from './query-text.ts';

export interface SubgraphServerOptions {
  readonly service: Service;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string | undefined;
  readonly log: Log;
}

export interface SubgraphServer {
  /** http://HOST:PORT/graphql */
  readonly url: string;
  readonly port: number;
  /** Requests at work have 1.5 s to end. Leaves the service open. Safe to call twice. */
  close(): Promise<void>;
}

/** What the gateway sends is larger than what it takes: it asks for the fields of a thousand entities at once. */
const BODY_BYTES = 16_000_000;
const TEXT = { depth: 64, tokens: 50_000 };
const GRACE_MS = 1500;

/** Throws as `listen` does. */
export async function serveSubgraph(options: SubgraphServerOptions): Promise<SubgraphServer> {
  const { service, token, log } = options;
  const apollo = new ApolloServer<RequestContext>({ ...apolloOptions(log), schema: service.schema });
  await apollo.start();
  const app = graphqlApp({
    ...{ apollo, token, log },
    ready: () => service.ready(),
    bodyLimit: BODY_BYTES,
    admit: (query) => {
      checkQueryText(query, TEXT);
    },
    front: `reptrace's ${service.name} service. Its subgraph is at /graphql, for the gateway; its health at /livez and /readyz.\n`,
  });
  const server = createServer(app);
  try {
    const { origin, port } = await listen(server, options);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await closeServer(server, GRACE_MS);
      await apollo.stop();
    };
    return { url: `${origin}/graphql`, port, close: () => (closing ??= close()) };
  } catch (error) {
    await apollo.stop();
    throw error;
  }
}
