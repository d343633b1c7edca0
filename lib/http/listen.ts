/** Starting and ending an HTTP server: the address that it got, its failures by name, and an end within seconds. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reasonOf, ReptraceError } from '../errors.ts';
import { checkListenPolicy, withoutBrackets } from './listen-policy.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** `http://HOST:PORT` */
  readonly origin: string;
}

/** Throws TOKEN_REQUIRED; CONFLICT when the port is taken; CONFIG_INVALID when the address is not one of this machine's. */
export async function listen(server: Server, { host, port, token }: ListenOptions): Promise<Address> {
  checkListenPolicy(host, token);
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(listenError(error, host, port));
    };
    server.once('error', fail);
    try {
      server.listen({ host: withoutBrackets(host), port }, () => {
        server.off('error', fail);
        resolve();
      });
    } catch (error) {
      // A port out of range is not told as an event.
      fail(error as NodeJS.ErrnoException);
    }
  });
  const bound = server.address() as AddressInfo;
  try {
    // What the system made of a name (`localhost`) counts, not the name.
    checkListenPolicy(bound.address, token);
  } catch (error) {
    server.close();
    throw error;
  }
  const shown = host.includes(':') ? `[${withoutBrackets(host)}]` : host;
  return { host, port: bound.port, origin: `http://${shown}:${bound.port}` };
}

/** Takes no more requests, lets those at work go on for `graceMs`, then cuts them off. Safe to call twice. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    const cutOff = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ReptraceError {
  if (error.code === 'EADDRINUSE') {
    return new ReptraceError(
      'CONFLICT',
      `${host}:${port} is in use by another program`,
      'Stop that one, or choose another port with --port.',
      { cause: error },
    );
  }
  return new ReptraceError(
    'CONFIG_INVALID',
    `cannot listen on ${host}:${port}: ${reasonOf(error)}`,
    'Name an address of this machine with --host, and a port of 0 to 65535 that you may use with --port.',
    { cause: error },
  );
}
