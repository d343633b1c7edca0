/** graphql-transport-ws on the gateway's own port: who may connect, and how long a connection lives. */
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Closable } from '../lib/bus/bus.ts';
import { reasonOf, ReptraceError } from '../lib/errors.ts';
import { refusal, refusalStatus } from '../lib/http/access.ts';
import { formatted } from '../lib/http/public-error.ts';
import type { Log } from '../lib/log.ts';
import { REQUEST_BYTES } from './limits/admit.ts';
import { socketRules, type SocketRulesOptions } from './socket-rules.ts';

/** A client that answers no ping until the next one is gone. */
const PING_MS = 12_000;
/** Between saying goodbye and hanging up. */
const GOODBYE_MS = 1000;

/** Takes the server's upgrades at /graphql. Closing says 1001 (going away) to every client, which ends its subscriptions. */
export function serveSockets(server: Server, options: SocketRulesOptions): Closable {
  const { token, log } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: REQUEST_BYTES, handleProtocols });
  const protocol = makeServer(socketRules(options));
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', (error) => {
      log.debug({ reason: reasonOf(error) }, 'a connection broke');
    });
    const refused = refuse(request, token);
    if (refused === undefined) {
      sockets.handleUpgrade(request, stream, head, (socket) => {
        keepAlive(socket);
        speak(protocol, socket, request, log);
      });
    } else endWith(stream, refused.status, refused.error);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.close(1001, 'the gateway is closing');
        const hangUp = setTimeout(() => {
          for (const socket of sockets.clients) socket.terminate();
        }, GOODBYE_MS);
        sockets.close(() => {
          clearTimeout(hangUp);
          resolve();
        });
      }),
  };
}

/** With a token, browsers cannot set headers: they show it in the first message instead (see socket-rules.ts). */
function refuse(
  { url, headers }: IncomingMessage,
  token: string | undefined,
): { readonly status: number; readonly error: ReptraceError } | undefined {
  if (url?.split('?', 1)[0] !== '/graphql') {
    return {
      status: 404,
      error: new ReptraceError('QUERY_INVALID', 'no WebSocket is served here', 'Connect to /graphql.'),
    };
  }
  if (token !== undefined && headers.authorization === undefined) return undefined;
  const error = refusal(headers, token);
  return error && { status: refusalStatus(error), error };
}

function endWith(stream: Duplex, status: number, error: ReptraceError): void {
  const body = JSON.stringify({ errors: [formatted(error)] });
  stream.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** Passes messages between the socket and the protocol; a message that breaks its rules ends the connection. */
function speak(
  protocol: ReturnType<typeof makeServer>,
  socket: WebSocket,
  request: IncomingMessage,
  log: Log,
): void {
  socket.on('error', (error) => {
    log.debug({ reason: reasonOf(error) }, 'a WebSocket client broke the rules, or its connection broke');
  });
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) =>
        new Promise((resolve) => {
          // A client that is gone is told by `close`; here, it only must not keep its subscriptions waiting.
          socket.send(text, () => {
            resolve();
          });
        }),
      close: (code, reason) => {
        socket.close(code, reason);
      },
      onMessage: (take) => {
        socket.on('message', (data) => {
          take(textOf(data)).catch((error: unknown) => {
            log.debug({ reason: reasonOf(error) }, 'a WebSocket message could not be taken');
            socket.close(CloseCode.BadRequest, 'Invalid message received');
          });
        });
      },
    },
    { socket, request },
  );
  socket.once('close', (code, reason) => {
    closed(code, reason.toString()).catch((error: unknown) => {
      log.error({ err: error }, 'ending the subscriptions of a client failed');
    });
  });
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8');
}

function keepAlive(socket: WebSocket): void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) {
      socket.terminate();
      return;
    }
    answered = false;
    socket.ping();
  }, PING_MS);
  socket.once('close', () => {
    clearInterval(timer);
  });
}
