/** The one door to the mesh: the graph of all services over HTTP, its subscriptions over WebSocket, on one port. */
import { createServer } from 'node:http';
import type { Bus } from '../lib/bus/bus.ts';
import { graphqlApp } from '../lib/http/graphql-app.ts';
import { closeServer, listen } from '../lib/http/listen.ts';
import { checkListenPolicy } from '../lib/http/listen-policy.ts';
import type { Log } from '../lib/log.ts';
import { startExecutor } from './executor.ts';
import { admit, REQUEST_BYTES } from './limits/admit.ts';
import { serveSockets } from './sockets.ts';
import type { ServiceEntries } from './sources/service-entry.ts';
import { checkStreams } from './subscriptions/streams.ts';

export type { ServiceEntries, ServiceEntry } from './sources/service-entry.ts';

export interface GatewayOptions {
  readonly bus: Bus;
  /** Services in this process, by their schema, or elsewhere, by their URL. They are the caller's to close. */
  readonly services: ServiceEntries;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What clients must show, and what the gateway shows to services elsewhere. */
  readonly token: string | undefined;
  readonly log: Log;
}

export interface Gateway {
  /** http://HOST:PORT/graphql; the same with ws: for subscriptions. */
  readonly url: string;
  readonly port: number;
  /** Throws the first thing that keeps a service, or the bus, from answering. */
  ready(): Promise<void>;
  /** Requests at work have 1.5 s to end, subscriptions end at once. Safe to call twice. */
  close(): Promise<void>;
}

const GRACE_MS = 1500;
const FRONT = `reptrace's gateway.

  /graphql   the graph: POST (or GET, for queries), and graphql-transport-ws for subscriptions
  /livez     the process answers
  /readyz    every service answers
`;

/** Throws TOKEN_REQUIRED beyond the loopback address without a token, CONFLICT when the port is taken, CONFIG_INVALID. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { bus, services, host, token, log } = options;
  checkListenPolicy(host, token);
  const executor = await startExecutor({ services, token, log });
  try {
    const { apollo, apiSchema, execute } = executor;
    checkStreams(apiSchema);
    const ready = async (): Promise<void> => {
      await Promise.all([bus.ping(), executor.ready()]);
    };
    const server = createServer(
      graphqlApp({ apollo, token, log, ready, admit, bodyLimit: REQUEST_BYTES, front: FRONT }),
    );
    const sockets = serveSockets(server, { apiSchema, execute, bus, token, log });
    const { origin, port } = await listen(server, options);
    const close = async (): Promise<void> => {
      await Promise.all([sockets.close(), closeServer(server, GRACE_MS)]);
      await executor.close();
    };
    let closing: Promise<void> | undefined;
    return { url: `${origin}/graphql`, port, ready, close: () => (closing ??= close()) };
  } catch (error) {
    await executor.close();
    throw error;
  }
}
