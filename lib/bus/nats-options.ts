/** How this project connects to NATS, for the bus and for records alike. */
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { parseNatsUrl } from './nats-url.ts';

const CONNECT_MS = 5000;

/** Also gives the servers as messages show them, without credentials. Throws CONFIG_INVALID. */
export function natsOptions(url: string, name: string): { options: NodeConnectionOptions; label: string } {
  const { servers, tls, label, ...credentials } = parseNatsUrl(url);
  const options = {
    ...{ ...credentials, servers: [...servers], name, ...(tls ? { tls: {} } : {}), timeout: CONNECT_MS },
    // For ever, quickly, and also where the server refuses the credentials for a while.
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 250, reconnectJitter: 100, ignoreAuthErrorAbort: true },
    // A server that is silently gone is noticed within half a minute.
    ...{ pingInterval: 10_000, maxPingOut: 2, noAsyncTraces: true },
  };
  return { options, label };
}
