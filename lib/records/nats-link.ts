/** A connection to NATS that comes back by itself, and what the failures of its records are called. */
import { EventEmitter, once } from 'node:events';
import { JetStreamApiError } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsOptions } from '../bus/nats-options.ts';
import { ReptraceError, reasonOf } from '../errors.ts';

/** How long one exchange with the server may take. */
export const TIMEOUT_MS = 5000;

export class NatsLink {
  readonly connection: NatsConnection;
  /** The servers as messages show them: without credentials. */
  readonly label: string;
  readonly #events = new EventEmitter();
  #isUp = true;

  private constructor(connection: NatsConnection, label: string) {
    this.connection = connection;
    this.label = label;
    this.#events.setMaxListeners(0);
    void this.#watch();
  }

  /** Once connected, it reconnects for ever. Throws STORE_UNREACHABLE when no server answers now, CONFIG_INVALID. */
  static async open(url: string, name: string): Promise<NatsLink> {
    const { options, label } = natsOptions(url, name);
    try {
      const connection = await connect(options);
      return new NatsLink(connection, label);
    } catch (error) {
      throw natsFailure(label, error);
    }
  }

  /**
   * Runs an exchange, once the connection is up: what is sent into a broken one is kept and goes out when it is back, long
   * after its sender was told that it failed. Throws as `natsFailure` says.
   */
  async use<T>(exchange: () => Promise<T>): Promise<T> {
    if (!this.#isUp) await this.#wait();
    try {
      return await exchange();
    } catch (error) {
      throw natsFailure(this.label, error);
    }
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    return this.connection.close();
  }

  async #wait(): Promise<void> {
    try {
      await once(this.#events, 'up', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw unreachable(this.label, 'the connection is lost', error);
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.#isUp = false;
      // After a close every exchange fails by itself.
      if (type === 'reconnect' || type === 'close') {
        this.#isUp = true;
        this.#events.emit('up');
      }
    }
  }
}

/** Gives back a ReptraceError as it is; anything else becomes DISK_FULL or STORE_UNREACHABLE, naming the servers. */
function natsFailure(label: string, error: unknown): ReptraceError {
  if (error instanceof ReptraceError) return error;
  if (!isFull(error)) return unreachable(label, reasonOf(error), error);
  return new ReptraceError(
    'DISK_FULL',
    `no room is left for records on NATS at ${label}: ${reasonOf(error)}`,
    "Free some disk there or raise JetStream's limits, and try again: what had been written before is kept.",
    { cause: error },
  );
}

function unreachable(label: string, reason: string, cause: unknown): ReptraceError {
  return new ReptraceError(
    'STORE_UNREACHABLE',
    `the records on NATS at ${label} cannot be reached: ${reason}`,
    'See that nats-server runs there with JetStream (-js) and room on its disk, and that it takes the credentials of the URL.',
    { cause },
  );
}

/** JetStream's numbers for: account, server, memory, storage and stream limits. */
const FULL_CODES: readonly number[] = [10002, 10023, 10028, 10047, 10122];

/** Whether JetStream refused a write for want of room. What its store or its disk says has no number of its own. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return FULL_CODES.includes(error.code) || /maximum bytes|no space left/i.test(error.message);
}
