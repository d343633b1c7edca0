/** The Bus over NATS, with the feature set of nats-server 2.9: how services of several processes and machines talk. */
import { headers, type Msg } from '@nats-io/transport-node';
import { ReptraceError } from '../errors.ts';
import type { Bus, Closable, Notification, RequestOptions, WorkQueue } from './bus.ts';
import { closeOnce, ended, endedWithin } from './bounded.ts';
import { cancelled, noAnswer, nobodyServes, tooLarge, warnOfFault, type OnFault } from './bus-errors.ts';
import { NatsLink, PATIENCE_MS } from './nats-link.ts';
import { NatsQueue } from './nats-queue.ts';
import { decodeError, encodeError } from './remote-error.ts';
import { checkPattern, checkSubject, checkWord } from './subjects.ts';

export interface NatsBusOptions {
  /** What the server's monitoring calls this connection. */
  readonly name?: string | undefined;
  /** Keeps applications (and tests) that share a server apart; [a-z0-9]+, `reptrace` if not given. */
  readonly namespace?: string | undefined;
  /** How long a task whose consumer is silent is kept from others; 20 s if not given. For queues made by this bus. */
  readonly ackWaitMs?: number | undefined;
  /** Told of what a listener threw, a handler's errors that are no ReptraceErrors, and what the server reports. */
  readonly onFault?: OnFault | undefined;
}

const DEFAULT_ACK_WAIT_MS = 20_000;
/** How long closing the bus waits for handlers. */
const CLOSING_MS = 2500;
/** Marks a reply that is an error. */
const ERROR_HEADER = 'Reptrace-Error';
/** NATS' own status for "nobody is there". */
const NO_RESPONDERS = 503;
/** The servers of a subject share it as one NATS queue group. */
const SERVERS = 'servers';

/** @param url see nats-url.ts. Throws BUS_UNREACHABLE (the URL named without its credentials), CONFIG_INVALID. */
export async function connectNatsBus(url: string, options: NatsBusOptions = {}): Promise<Bus> {
  const { name = 'reptrace', namespace = 'reptrace', onFault = warnOfFault } = options;
  if (!/^[a-z0-9]{1,32}$/.test(namespace)) {
    throw new ReptraceError(
      'CONFIG_INVALID',
      `not a namespace: ${JSON.stringify(namespace)}`,
      'Use [a-z0-9]+, at most 32 characters.',
    );
  }
  const link = await NatsLink.open(url, name, onFault);
  return new NatsBus(link, namespace, options.ackWaitMs ?? DEFAULT_ACK_WAIT_MS, onFault);
}

class NatsBus implements Bus {
  readonly #link: NatsLink;
  readonly #namespace: string;
  readonly #ackWaitMs: number;
  readonly #onFault: OnFault;
  readonly #opened = new Set<Closable>();
  readonly #end = closeOnce(() => this.#closeAll());

  constructor(link: NatsLink, namespace: string, ackWaitMs: number, onFault: OnFault) {
    this.#link = link;
    this.#namespace = namespace;
    this.#ackWaitMs = ackWaitMs;
    this.#onFault = onFault;
  }

  get maxPayload(): number {
    return this.#link.maxPayload;
  }

  async publish(subject: string, payload: Uint8Array): Promise<void> {
    checkSubject(subject);
    this.#checkSize(`the notification "${subject}"`, payload);
    await this.#link.up();
    this.#link.publish(this.#notes(subject), payload);
  }

  async listen(subject: string, listener: (message: Notification) => void): Promise<Closable> {
    checkPattern(subject);
    const prefix = this.#notes('');
    const subscription = await this.#link.subscribe(this.#notes(subject), ({ subject: full, data }) => {
      try {
        listener({ subject: full.slice(prefix.length), payload: data });
      } catch (error) {
        this.#onFault(`a listener of "${subject}" threw`, error);
      }
    });
    return this.#keep(() => {
      subscription.unsubscribe();
      return Promise.resolve();
    });
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { timeoutMs, signal } = options;
    checkSubject(subject);
    this.#checkSize(`the request "${subject}"`, payload);
    const until = Date.now() + timeoutMs;
    await this.#link.up(Math.min(timeoutMs, PATIENCE_MS));
    if (signal?.aborted === true) throw cancelled(subject);
    const reply = await this.#link.ask(this.#calls(subject), payload, {
      timeoutMs: until - Date.now(),
      late: () => noAnswer(subject, timeoutMs),
      signal,
      aborted: () => cancelled(subject),
    });
    if (reply.headers?.code === NO_RESPONDERS) throw nobodyServes(subject);
    if (reply.headers?.has(ERROR_HEADER) === true) throw decodeError(reply.data, subject);
    return reply.data;
  }

  async serve(subject: string, handler: (payload: Uint8Array) => Promise<Uint8Array>): Promise<Closable> {
    checkSubject(subject);
    const atWork = new Set<Promise<unknown>>();
    const hear = (message: Msg): void => {
      const work = this.#answer(subject, handler, message);
      atWork.add(work);
      void work.then(() => atWork.delete(work));
    };
    const subscription = await this.#link.subscribe(this.#calls(subject), hear, SERVERS);
    return this.#keep(async () => {
      await this.#link.drain(subscription);
      await Promise.all(atWork);
      // The last answers are on their way when this resolves; where they cannot be, nobody waits for them any more.
      await ended(this.#link.flush());
    });
  }

  async queue(name: string): Promise<WorkQueue> {
    checkWord('queue name', name);
    const settings = { namespace: this.#namespace, name, ackWaitMs: this.#ackWaitMs };
    const queue = new NatsQueue(this.#link, settings, this.#onFault, (close) => this.#keep(close));
    await queue.open();
    return queue;
  }

  async ping(): Promise<void> {
    if (!this.#link.isUp) throw this.#link.unreachable();
    await this.#link.flush();
  }

  close(): Promise<void> {
    return this.#end.close();
  }

  async #closeAll(): Promise<void> {
    await endedWithin(CLOSING_MS, Promise.all([...this.#opened].map((opened) => opened.close())));
    await this.#link.close();
  }

  /** Something that closing the bus closes too. */
  #keep(close: () => Promise<void>): Closable {
    const kept = closeOnce(async () => {
      this.#opened.delete(kept);
      await close();
    });
    this.#opened.add(kept);
    return kept;
  }

  /** Never rejects. */
  async #answer(
    subject: string,
    handler: (payload: Uint8Array) => Promise<Uint8Array>,
    { data, reply }: Msg,
  ): Promise<void> {
    // A request from elsewhere that names nobody to answer to.
    if (reply === undefined || reply === '') return;
    try {
      const answer = await this.#outcome(subject, handler, data);
      this.#link.publish(reply, answer.payload, { headers: answer.headers });
    } catch (error) {
      this.#onFault(`the answer to "${subject}" could not be sent`, error);
    }
  }

  async #outcome(
    subject: string,
    handler: (payload: Uint8Array) => Promise<Uint8Array>,
    request: Uint8Array,
  ): Promise<{ payload: Uint8Array; headers?: ReturnType<typeof headers> }> {
    try {
      const payload = await handler(request);
      this.#checkSize(`the answer to "${subject}"`, payload);
      return { payload };
    } catch (error) {
      if (!(error instanceof ReptraceError)) this.#onFault(`serving "${subject}" failed`, error);
      const marked = headers();
      marked.set(ERROR_HEADER, '1');
      return { payload: encodeError(error, subject), headers: marked };
    }
  }

  /** Notifications and requests are kept apart, so that one subject can have both. */
  #notes(subject: string): string {
    return `${this.#namespace}.note.${subject}`;
  }

  #calls(subject: string): string {
    return `${this.#namespace}.call.${subject}`;
  }

  #checkSize(what: string, { length }: Uint8Array): void {
    if (length > this.maxPayload) throw tooLarge(what, length, this.maxPayload);
  }
}
