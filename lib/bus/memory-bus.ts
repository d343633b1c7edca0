/** The Bus within one process: the default. Payloads are copied, so that nobody shares memory with nobody. */
import { ReptraceError } from '../errors.ts';
import type { Bus, Closable, Notification, RequestOptions, WorkQueue } from './bus.ts';
import { bounded, closeOnce, ended, endedWithin } from './bounded.ts';
import {
  busClosed,
  cancelled,
  noAnswer,
  nobodyServes,
  tooLarge,
  warnOfFault,
  type OnFault,
} from './bus-errors.ts';
import { MemoryQueue } from './memory-queue.ts';
import { decodeError, encodeError } from './remote-error.ts';
import { checkPattern, checkSubject, checkWord, covers } from './subjects.ts';

export interface MemoryBusOptions {
  /** Bytes; 8 MiB if not given. */
  readonly maxPayload?: number | undefined;
  /** Told of what a listener threw, and of a handler's errors that are no ReptraceErrors. */
  readonly onFault?: OnFault | undefined;
}

const DEFAULT_MAX_PAYLOAD = 8 * 1024 * 1024;
/** How long closing the bus waits for handlers. */
const CLOSING_MS = 2500;

interface Listener {
  readonly pattern: string;
  readonly hear: (message: Notification) => void;
}

type Handler = (payload: Uint8Array) => Promise<Uint8Array>;

export class MemoryBus implements Bus {
  readonly maxPayload: number;
  readonly #onFault: OnFault;
  readonly #listeners = new Set<Listener>();
  /** By subject, the one whose turn it is first. */
  readonly #servers = new Map<string, Handler[]>();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #opened = new Set<Closable>();
  readonly #closing = new AbortController();
  readonly #end = closeOnce(() => this.#closeAll());

  constructor({ maxPayload = DEFAULT_MAX_PAYLOAD, onFault = warnOfFault }: MemoryBusOptions = {}) {
    this.maxPayload = maxPayload;
    this.#onFault = onFault;
  }

  async publish(subject: string, payload: Uint8Array): Promise<void> {
    const sent = new Uint8Array(payload);
    await this.ping();
    checkSubject(subject);
    this.#checkSize(`the notification "${subject}"`, sent);
    for (const listener of this.#listeners) {
      if (!covers(listener.pattern, subject)) continue;
      const message = { subject, payload: new Uint8Array(sent) };
      // In a turn of its own, as with a server in between; immediates keep their order.
      setImmediate(() => {
        if (this.#listeners.has(listener)) this.#tell(listener, message);
      });
    }
  }

  async listen(subject: string, hear: (message: Notification) => void): Promise<Closable> {
    await this.ping();
    checkPattern(subject);
    const listener = { pattern: subject, hear };
    this.#listeners.add(listener);
    return this.#keep(() => {
      this.#listeners.delete(listener);
      return Promise.resolve();
    });
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { timeoutMs, signal } = options;
    const sent = new Uint8Array(payload);
    await this.ping();
    checkSubject(subject);
    this.#checkSize(`the request "${subject}"`, sent);
    if (signal?.aborted === true) throw cancelled(subject);
    const handler = this.#nextServer(subject);
    if (handler === undefined) throw nobodyServes(subject);
    return bounded(handler(sent), {
      timeoutMs,
      late: () => noAnswer(subject, timeoutMs),
      unless: [
        { signal, error: () => cancelled(subject) },
        { signal: this.#closing.signal, error: busClosed },
      ],
    });
  }

  async serve(subject: string, handler: Handler): Promise<Closable> {
    await this.ping();
    checkSubject(subject);
    const atWork = new Set<Promise<unknown>>();
    const serving = (payload: Uint8Array): Promise<Uint8Array> => {
      const answer = this.#answer(subject, handler, payload);
      const work = ended(answer);
      atWork.add(work);
      void work.then(() => atWork.delete(work));
      return answer;
    };
    this.#servers.set(subject, [...(this.#servers.get(subject) ?? []), serving]);
    return this.#keep(async () => {
      const left = (this.#servers.get(subject) ?? []).filter((server) => server !== serving);
      if (left.length > 0) this.#servers.set(subject, left);
      else this.#servers.delete(subject);
      await Promise.all(atWork);
    });
  }

  async queue(name: string): Promise<WorkQueue> {
    await this.ping();
    checkWord('queue name', name);
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const made = new MemoryQueue(this.maxPayload, this.#onFault, (close) => this.#keep(close));
    this.#queues.set(name, made);
    return made;
  }

  ping(): Promise<void> {
    return this.#closing.signal.aborted ? Promise.reject(busClosed()) : Promise.resolve();
  }

  close(): Promise<void> {
    return this.#end.close();
  }

  async #closeAll(): Promise<void> {
    this.#closing.abort();
    for (const queue of this.#queues.values()) queue.close();
    await endedWithin(CLOSING_MS, Promise.all([...this.#opened].map((opened) => opened.close())));
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

  #nextServer(subject: string): Handler | undefined {
    const [next, ...others] = this.#servers.get(subject) ?? [];
    if (next !== undefined) this.#servers.set(subject, [...others, next]);
    return next;
  }

  /** The handler's answer as it arrives at the other end; rejects with a new error, as from another process. */
  async #answer(subject: string, handler: Handler, payload: Uint8Array): Promise<Uint8Array> {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      const answer = await handler(payload);
      this.#checkSize(`the answer to "${subject}"`, answer);
      return new Uint8Array(answer);
    } catch (error) {
      if (!(error instanceof ReptraceError)) this.#onFault(`serving "${subject}" failed`, error);
      throw decodeError(encodeError(error, subject), subject);
    }
  }

  #tell({ pattern, hear }: Listener, message: Notification): void {
    try {
      hear(message);
    } catch (error) {
      this.#onFault(`a listener of "${pattern}" threw`, error);
    }
  }

  #checkSize(what: string, { length }: Uint8Array): void {
    if (length > this.maxPayload) throw tooLarge(what, length, this.maxPayload);
  }
}
