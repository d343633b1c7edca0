/** The work queue of the in-process bus. Its promises are those of nats-queue.ts, without surviving the process. */
import type { Closable, ConsumeOptions, Task, WorkQueue } from './bus.ts';
import { busClosed, tooLarge, type OnFault } from './bus-errors.ts';
import { checkTaskId, checkWord } from './subjects.ts';
import { Worker, type Hold } from './worker.ts';

/** As long as the NATS side remembers ids. */
const DUPLICATES_MS = 120_000;

interface Entry {
  readonly topic: string;
  readonly id: string;
  readonly payload: Uint8Array;
  delivery: number;
}

interface Consumer {
  readonly worker: Worker;
  free: number;
}

export class MemoryQueue implements WorkQueue {
  readonly #maxPayload: number;
  readonly #onFault: OnFault;
  readonly #keep: (close: () => Promise<void>) => Closable;
  /** All tasks, by topic; one that is not here any more was done or cleared. */
  readonly #topics = new Map<string, Set<Entry>>();
  /** Tasks to hand out, in order. */
  readonly #waiting = new Set<Entry>();
  /** When each id was added (ms), oldest first, by topic and id. */
  readonly #added = new Map<string, number>();
  /** In the order in which they get the next task. */
  readonly #consumers = new Set<Consumer>();
  readonly #retries = new Map<Entry, NodeJS.Timeout>();
  #handingOut = false;
  #closed = false;

  /** @param keep makes what closing the bus closes too */
  constructor(maxPayload: number, onFault: OnFault, keep: (close: () => Promise<void>) => Closable) {
    this.#maxPayload = maxPayload;
    this.#onFault = onFault;
    this.#keep = keep;
  }

  async add(topic: string, id: string, payload: Uint8Array): Promise<void> {
    const entry = { topic, id, payload: new Uint8Array(payload), delivery: 0 };
    await this.#usable();
    checkWord('topic', topic);
    checkTaskId(id);
    if (payload.length > this.#maxPayload) throw tooLarge(`task "${id}"`, payload.length, this.#maxPayload);
    if (this.#isKnown(keyOf(topic, id))) return;
    const entries = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, entries.add(entry));
    this.#offer(entry);
  }

  async consume(handler: (task: Task) => Promise<void>, options: ConsumeOptions): Promise<Closable> {
    await this.#usable();
    const worker = new Worker(handler, options, this.#onFault);
    const consumer = { worker, free: options.concurrency };
    this.#consumers.add(consumer);
    this.#handOutSoon();
    return this.#keep(async () => {
      this.#consumers.delete(consumer);
      await worker.close();
    });
  }

  async clear(topic: string): Promise<void> {
    await this.#usable();
    checkWord('topic', topic);
    for (const entry of this.#topics.get(topic) ?? []) this.#forget(entry);
    for (const key of this.#added.keys()) if (key.startsWith(keyOf(topic, ''))) this.#added.delete(key);
  }

  async size(topic: string): Promise<number> {
    await this.#usable();
    checkWord('topic', topic);
    return this.#topics.get(topic)?.size ?? 0;
  }

  /** Nothing is handed out again; the bus closes the consumers. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
  }

  #usable(): Promise<void> {
    return this.#closed ? Promise.reject(busClosed()) : Promise.resolve();
  }

  /** Was it added a short time ago? Remembers it if not. */
  #isKnown(key: string): boolean {
    const now = Date.now();
    for (const [old, when] of this.#added) {
      if (when + DUPLICATES_MS > now) break;
      this.#added.delete(old);
    }
    if (this.#added.has(key)) return true;
    this.#added.set(key, now);
    return false;
  }

  #offer(entry: Entry): void {
    this.#waiting.add(entry);
    this.#handOutSoon();
  }

  /** Never within the caller's own turn, as with a server in between. */
  #handOutSoon(): void {
    if (this.#handingOut) return;
    this.#handingOut = true;
    setImmediate(() => {
      this.#handingOut = false;
      this.#handOut();
    });
  }

  #handOut(): void {
    for (const entry of this.#waiting) {
      const consumer = this.#nextConsumer();
      if (consumer === undefined) return;
      this.#waiting.delete(entry);
      entry.delivery++;
      consumer.free--;
      const { topic, id, delivery } = entry;
      const offer = { topic, id, delivery, payload: new Uint8Array(entry.payload) };
      void consumer.worker.run(offer, this.#hold(entry)).then(() => {
        consumer.free++;
        this.#handOutSoon();
      });
    }
  }

  /** One with room, in turn. */
  #nextConsumer(): Consumer | undefined {
    for (const consumer of this.#consumers) {
      if (consumer.free <= 0) continue;
      this.#consumers.delete(consumer);
      this.#consumers.add(consumer);
      return consumer;
    }
    return undefined;
  }

  #hold(entry: Entry): Hold {
    return {
      done: () => {
        this.#forget(entry);
        return Promise.resolve();
      },
      giveBack: (delayMs) => {
        this.#giveBack(entry, delayMs);
        return Promise.resolve();
      },
    };
  }

  #giveBack(entry: Entry, delayMs: number): void {
    if (this.#closed || this.#topics.get(entry.topic)?.has(entry) !== true) return;
    const timer = setTimeout(() => {
      this.#retries.delete(entry);
      this.#offer(entry);
    }, delayMs);
    this.#retries.set(entry, timer);
  }

  #forget(entry: Entry): void {
    clearTimeout(this.#retries.get(entry));
    this.#retries.delete(entry);
    this.#waiting.delete(entry);
    const entries = this.#topics.get(entry.topic);
    entries?.delete(entry);
    if (entries?.size === 0) this.#topics.delete(entry.topic);
  }
}

/** A topic has no space in it. */
function keyOf(topic: string, id: string): string {
  return `${topic} ${id}`;
}
