/**
 * A work queue in JetStream: a stream that keeps each task until it is acknowledged, and one durable pull consumer that
 * all workers share (nats-consumer.ts). The server counts deliveries, keeps the retry delays and remembers the ids.
 *
 * The server remembers an id for two minutes even when its task was purged. So that a cleared task can be added again,
 * `clear` leaves a marker: the stream's last sequence at that time. A task that the server calls a duplicate of one at or
 * before the marker was cleared, and is added under an id that names the marker.
 */
import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type PubAck,
} from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Closable, ConsumeOptions, Task, WorkQueue } from './bus.ts';
import { tooLarge, type OnFault } from './bus-errors.ts';
import { NatsConsumer } from './nats-consumer.ts';
import type { NatsLink } from './nats-link.ts';
import { API_TIMEOUT_MS, persist } from './nats-persist.ts';
import {
  ensureQueue,
  queueNames,
  TASK_ID_HEADER,
  type QueueNames,
  type QueueSettings,
} from './nats-stream.ts';
import { checkTaskId, checkWord } from './subjects.ts';
import { Worker } from './worker.ts';

export class NatsQueue implements WorkQueue {
  readonly #link: NatsLink;
  readonly #settings: QueueSettings;
  readonly #names: QueueNames;
  readonly #onFault: OnFault;
  readonly #keep: (close: () => Promise<void>) => Closable;

  /** @param keep makes what closing the bus closes too */
  constructor(
    link: NatsLink,
    settings: QueueSettings,
    onFault: OnFault,
    keep: (close: () => Promise<void>) => Closable,
  ) {
    this.#link = link;
    this.#settings = settings;
    this.#names = queueNames(settings);
    this.#onFault = onFault;
    this.#keep = keep;
  }

  /** Makes what is not there on the server. Gives the consumer's ack wait (ms). Throws BUS_UNREACHABLE. */
  open(): Promise<number> {
    return this.#persist(async (manager) => ensureQueue(manager, this.#settings));
  }

  async add(topic: string, id: string, payload: Uint8Array): Promise<void> {
    checkWord('topic', topic);
    checkTaskId(id);
    const limit = this.#link.maxPayload;
    if (payload.length > limit) throw tooLarge(`task "${id}"`, payload.length, limit);
    const task = { topic, id, payload };
    const known = `${topic}/${id}`;
    await this.#persist(async (manager) => {
      const first = await this.#publish(task, known);
      if (!first.duplicate) return;
      const marker = await this.#marker(manager, topic);
      if (first.seq <= marker) await this.#publish(task, `${known}~${marker}`);
    });
  }

  async consume(handler: (task: Task) => Promise<void>, options: ConsumeOptions): Promise<Closable> {
    const worker = new Worker(handler, options, this.#onFault);
    const ackWaitMs = await this.open();
    const consumer = new NatsConsumer(this.#link, this.#names, worker, {
      concurrency: options.concurrency,
      ackWaitMs,
      repair: () => this.open(),
      onFault: this.#onFault,
    });
    return this.#keep(() => consumer.close());
  }

  async clear(topic: string): Promise<void> {
    checkWord('topic', topic);
    // The marker first: without it the server would swallow the same tasks for two minutes.
    const last = await this.#persist(async (manager) => {
      const { state } = await manager.streams.info(this.#names.stream);
      await this.#client().publish(this.#names.clearedSubject(topic), String(state.last_seq));
      return state.last_seq;
    });
    // One by one, since a purge of one subject makes the consumer lose tasks of others: all that were not handed out
    // with nats-server 2.9.10, those handed out and not acknowledged still with 2.14.0.
    let next: number | undefined = 1;
    while (next !== undefined) next = await this.#deleteNext(topic, next, last);
  }

  async size(topic: string): Promise<number> {
    checkWord('topic', topic);
    const subject = this.#names.taskSubject(topic);
    return this.#persist(async (manager) => {
      const { state } = await manager.streams.info(this.#names.stream, { subjects_filter: subject });
      return state.subjects?.[subject] ?? 0;
    });
  }

  /** Deletes the first task of a topic from that sequence on, up to `last`. Gives where to go on; undefined: no more. */
  #deleteNext(topic: string, from: number, last: number): Promise<number | undefined> {
    return this.#persist(async ({ streams }) => {
      const query = { seq: from, next_by_subj: this.#names.taskSubject(topic) };
      const found = await streams.getMessage(this.#names.stream, query);
      if (found === null || found.seq > last) return undefined;
      try {
        await streams.deleteMessage(this.#names.stream, found.seq, false);
      } catch (error) {
        // Done between finding and deleting it; servers have several errors for that.
        if ((await streams.getMessage(this.#names.stream, { seq: found.seq })) !== null) throw error;
      }
      return found.seq + 1;
    });
  }

  #client(): JetStreamClient {
    return jetstream(this.#link.connection, { timeout: API_TIMEOUT_MS });
  }

  #publish(
    { topic, id, payload }: { topic: string; id: string; payload: Uint8Array },
    msgID: string,
  ): Promise<PubAck> {
    const named = headers();
    named.set(TASK_ID_HEADER, id);
    return this.#client().publish(this.#names.taskSubject(topic), payload, { msgID, headers: named });
  }

  /** The last sequence that `clear` has forgotten of this topic; 0: none that matters any more. */
  async #marker(manager: JetStreamManager, topic: string): Promise<number> {
    const last = { last_by_subj: this.#names.clearedSubject(topic) };
    const message = await manager.streams.getMessage(this.#names.clearedStream, last);
    return message === null ? 0 : Number(message.string());
  }

  async #persist<T>(operation: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const options = { checkAPI: false, timeout: API_TIMEOUT_MS };
    const repair = async (): Promise<void> => {
      await ensureQueue(await jetstreamManager(this.#link.connection, options), this.#settings);
    };
    return persist(this.#link, repair, async () =>
      operation(await jetstreamManager(this.#link.connection, options)),
    );
  }
}
