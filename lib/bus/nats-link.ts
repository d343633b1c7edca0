/** One connection to NATS that comes back by itself, and says when it is gone: what the NATS side is built on. */
import {
  connect,
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { ReptraceError, reasonOf } from '../errors.ts';
import { bounded, ended, endedWithin } from './bounded.ts';
import { busClosed, type OnFault } from './bus-errors.ts';
import { natsOptions } from './nats-options.ts';

/** What is left of the server's payload limit for headers. */
const HEADERS_BYTES = 1024;
/** How long an operation waits for a lost connection to come back. */
export const PATIENCE_MS = 5000;
const FLUSH_MS = 5000;

const REMEDY = 'Start nats-server with JetStream (-js), or set NATS_URL to where it is.';

export interface Publishing {
  readonly reply?: string | undefined;
  readonly headers?: MsgHdrs | undefined;
}

export interface Asking {
  readonly timeoutMs: number;
  readonly late: () => Error;
  readonly signal?: AbortSignal | undefined;
  readonly aborted?: (() => Error) | undefined;
  readonly headers?: MsgHdrs | undefined;
}

/** A question that was sent; its reply may never come. */
export interface Inquiry {
  readonly reply: Promise<Msg>;
  /** Takes the question back. Gives the reply if it came nevertheless, until the very last moment. */
  withdraw(): Promise<Msg | undefined>;
  /** Forgets the question. */
  drop(): void;
}

export class NatsLink {
  readonly connection: NatsConnection;
  readonly #label: string;
  readonly #onFault: OnFault;
  /** Fires when this period of being connected ends. */
  #lost = new AbortController();
  /** Resolves when connected, or closed. */
  #restored = Promise.resolve();
  #restore: () => void = () => undefined;
  #maxPayload: number;
  #closed = false;

  private constructor(connection: NatsConnection, label: string, onFault: OnFault) {
    this.connection = connection;
    this.#label = label;
    this.#onFault = onFault;
    this.#maxPayload = connection.info?.max_payload ?? 0;
    void this.#watch();
  }

  /** Throws BUS_UNREACHABLE, CONFIG_INVALID. */
  static async open(url: string, name: string, onFault: OnFault): Promise<NatsLink> {
    const { options, label } = natsOptions(url, name);
    try {
      const connection = await connect(options);
      return new NatsLink(connection, label, onFault);
    } catch (error) {
      throw unreachable(label, reasonOf(error));
    }
  }

  get isUp(): boolean {
    return !this.#closed && !this.#lost.signal.aborted;
  }

  /** Bytes that a payload may have beside its headers. */
  get maxPayload(): number {
    return this.#maxPayload - HEADERS_BYTES;
  }

  /** Fires when the connection that there is now is lost, or closed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The error of an operation that the state of the connection prevents. */
  unreachable(reason = 'the connection is lost'): ReptraceError {
    return this.#closed ? busClosed() : unreachable(this.#label, reason);
  }

  /** Resolves when connected; throws BUS_UNREACHABLE after that time. */
  async up(timeoutMs = PATIENCE_MS): Promise<void> {
    if (!this.isUp && !this.#closed) {
      await bounded(this.#restored, { timeoutMs, late: () => this.unreachable() });
    }
    if (this.#closed) throw busClosed();
  }

  /** Throws BUS_UNREACHABLE at once while not connected: what is sent then would be lost unseen. */
  publish(subject: string, payload: Uint8Array, { reply, headers }: Publishing = {}): void {
    this.#use((connection) => {
      connection.publish(subject, payload, {
        ...(reply === undefined ? {} : { reply }),
        ...(headers === undefined ? {} : { headers }),
      });
    });
  }

  /** The subscription outlives the connection. The callback must not throw. Throws BUS_UNREACHABLE. */
  async subscribe(subject: string, hear: (message: Msg) => void, queue?: string): Promise<Subscription> {
    await this.up();
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) hear(message);
      else this.#onFault(`the subscription of "${subject}" ended`, error);
    };
    const options = { callback, ...(queue === undefined ? {} : { queue }) };
    const subscription = this.#use((connection) => connection.subscribe(subject, options));
    try {
      await this.flush();
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    return subscription;
  }

  /** Ends a subscription after what is on its way to it. */
  async drain(subscription: Subscription): Promise<void> {
    if (subscription.isClosed() || this.#closed) return;
    await endedWithin(FLUSH_MS, subscription.drain());
  }

  /** A round trip to the server: all that was sent before has arrived. Throws BUS_UNREACHABLE. */
  async flush(): Promise<void> {
    try {
      await bounded(this.connection.flush(), {
        timeoutMs: FLUSH_MS,
        late: () => this.unreachable('the server does not answer'),
        unless: [{ signal: this.lost, error: () => this.unreachable() }],
      });
    } catch (error) {
      throw error instanceof ReptraceError ? error : this.unreachable(reasonOf(error));
    }
  }

  /** Sends a question; the first message back is its reply. Throws BUS_UNREACHABLE. */
  inquire(subject: string, payload: Uint8Array, headers?: MsgHdrs): Inquiry {
    const inbox = createInbox();
    let arrived: Msg | undefined;
    let settle: { resolve: (message: Msg) => void; reject: (error: Error) => void } | undefined;
    const reply = new Promise<Msg>((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Whoever waits has its own handler; a reply that nobody waits for any more may fail unseen.
    void ended(reply);
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) {
        settle?.reject(this.unreachable(error.message));
        return;
      }
      arrived = message;
      settle?.resolve(message);
    };
    const subscription = this.#use((connection) => connection.subscribe(inbox, { max: 1, callback }));
    this.publish(subject, payload, { reply: inbox, headers });
    return {
      reply,
      withdraw: async () => {
        await this.drain(subscription);
        return arrived;
      },
      drop: () => {
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
    };
  }

  /** The reply to a question. Throws BUS_UNREACHABLE also when the connection is lost while waiting. */
  async ask(subject: string, payload: Uint8Array, asking: Asking): Promise<Msg> {
    const { timeoutMs, late, signal, aborted = late, headers } = asking;
    const inquiry = this.inquire(subject, payload, headers);
    try {
      return await bounded(inquiry.reply, {
        timeoutMs,
        late,
        unless: [
          { signal, error: aborted },
          { signal: this.lost, error: () => this.unreachable() },
        ],
      });
    } finally {
      inquiry.drop();
    }
  }

  async close(): Promise<void> {
    if (this.isUp) await ended(this.flush());
    this.#finish();
    await this.connection.close();
  }

  /** What the client throws, as while it is closing, is BUS_UNREACHABLE like the rest. */
  #use<T>(action: (connection: NatsConnection) => T): T {
    if (!this.isUp) throw this.unreachable();
    try {
      return action(this.connection);
    } catch (error) {
      throw this.unreachable(reasonOf(error));
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.#goDown();
      if (status.type === 'reconnect') this.#goUp();
      if (status.type === 'error') this.#onFault(`NATS at ${this.#label} reports`, status.error);
    }
    if (this.#closed) return;
    // It is set to come back for ever, so this is not expected; nothing must hang on it.
    this.#onFault(`the connection to NATS at ${this.#label} has ended`, await this.connection.closed());
    this.#finish();
  }

  #finish(): void {
    this.#closed = true;
    this.#lost.abort();
    this.#restore();
  }

  #goDown(): void {
    if (!this.isUp) return;
    this.#restored = new Promise((resolve) => {
      this.#restore = resolve;
    });
    this.#lost.abort();
  }

  #goUp(): void {
    if (this.isUp || this.#closed) return;
    this.#maxPayload = this.connection.info?.max_payload ?? this.#maxPayload;
    this.#lost = new AbortController();
    this.#restore();
  }
}

function unreachable(label: string, reason: string): ReptraceError {
  return new ReptraceError('BUS_UNREACHABLE', `cannot reach NATS at ${label}: ${reason}`, REMEDY);
}
