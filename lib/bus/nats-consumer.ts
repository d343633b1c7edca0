/**
 * Takes tasks from a queue's shared consumer. Each place of a worker pulls one task at a time, and the next only when it
 * is done with that: a task is never kept waiting behind another by a worker that may die.
 */
import { nanos, type Msg } from '@nats-io/transport-node';
import type { Closable } from './bus.ts';
import { bounded, closeOnce, pause } from './bounded.ts';
import { consumerClosing, noAnswer, type OnFault } from './bus-errors.ts';
import type { NatsLink } from './nats-link.ts';
import { NatsHold } from './nats-hold.ts';
import { TASK_ID_HEADER, type QueueNames } from './nats-stream.ts';
import type { Offer, Worker } from './worker.ts';

/** How long the server keeps an unanswered pull; then it says so, and the next one is sent. */
const PULL_MS = 10_000;
/** Beyond that, the pull itself was lost. */
const PULL_SLACK_MS = 2000;
const AFTER_TROUBLE_MS = 250;

/** The server's status for a pull that found nothing in its time. */
const NOTHING = 408;

export interface NatsConsumerOptions {
  readonly concurrency: number;
  readonly ackWaitMs: number;
  /** Makes the stream and the consumer again if they are gone. */
  readonly repair: () => Promise<unknown>;
  readonly onFault: OnFault;
}

export class NatsConsumer implements Closable {
  readonly #link: NatsLink;
  readonly #names: QueueNames;
  readonly #worker: Worker;
  readonly #options: NatsConsumerOptions;
  readonly #closing = new AbortController();
  /** Pulls that the server may still answer. */
  readonly #pulls = new Set<Promise<unknown>>();
  readonly #end = closeOnce(() => this.#close());
  /** So that one trouble is told once, not at each pull that fails. */
  #inTrouble = false;

  constructor(link: NatsLink, names: QueueNames, worker: Worker, options: NatsConsumerOptions) {
    this.#link = link;
    this.#names = names;
    this.#worker = worker;
    this.#options = options;
    for (let place = 0; place < options.concurrency; place++) void this.#place();
  }

  close(): Promise<void> {
    return this.#end.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#worker.close(), ...this.#pulls]);
  }

  /** One task after the other. Never rejects. */
  async #place(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const pull = this.#pull();
      this.#pulls.add(pull);
      const pulled = await pull;
      this.#pulls.delete(pull);
      if (typeof pulled === 'object') await this.#worker.run(offerOf(pulled), this.#holdOf(pulled));
      if (pulled === 'trouble') await this.#repair();
      else this.#inTrouble = false;
    }
  }

  /** A task, or how it came that there is none. Never rejects. */
  async #pull(): Promise<Msg | 'nothing' | 'trouble'> {
    try {
      const message = await this.#reply();
      const code = message?.headers?.code ?? 0;
      if (message === undefined || code === NOTHING) return 'nothing';
      if (code !== 0) return 'trouble';
      if (!this.#closing.signal.aborted) return message;
      // It came while the pull was taken back.
      await this.#holdOf(message).giveBack(0);
      return 'nothing';
    } catch {
      return this.#link.isUp ? 'trouble' : 'nothing';
    }
  }

  /** What the server sends for one pull; undefined when the pull was taken back before. Throws when none is heard. */
  async #reply(): Promise<Msg | undefined> {
    const closing = { signal: this.#closing.signal, error: consumerClosing };
    await bounded(this.#link.up(Infinity), { timeoutMs: Infinity, late: consumerClosing, unless: [closing] });
    const { stream, consumer } = this.#names;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    const lost = { signal: this.#link.lost, error: () => this.#link.unreachable() };
    const late = (): Error => noAnswer(subject, PULL_MS);
    const wanted = Buffer.from(JSON.stringify({ batch: 1, expires: nanos(PULL_MS) }));
    const inquiry = this.#link.inquire(subject, wanted);
    try {
      return await bounded(inquiry.reply, {
        timeoutMs: PULL_MS + PULL_SLACK_MS,
        late,
        unless: [closing, lost],
      });
    } catch (error) {
      const message = await inquiry.withdraw();
      if (message === undefined && !this.#closing.signal.aborted) throw error;
      return message;
    }
  }

  #holdOf(message: Msg): NatsHold {
    return new NatsHold(this.#link, message, this.#options.ackWaitMs, this.#options.onFault);
  }

  /** The consumer is gone, or has moved, or JetStream is not ready: makes what is missing, before the next pull. */
  async #repair(): Promise<void> {
    await pause(AFTER_TROUBLE_MS, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    try {
      await this.#options.repair();
    } catch (error) {
      if (!this.#inTrouble) this.#options.onFault(`no tasks can be taken from ${this.#names.stream}`, error);
      this.#inTrouble = true;
    }
  }
}

/** The task of a message: `$JS.ACK.…` in its reply says how often it was delivered, at a place counted from the end. */
function offerOf({ subject, data, headers, reply = '' }: Msg): Offer {
  const tokens = reply.split('.');
  // Nine tokens, or from newer servers eleven and more, with domain and account after `$JS.ACK`.
  const [delivery, sequence] = tokens.length === 9 ? tokens.slice(4, 6) : tokens.slice(6, 8);
  return {
    topic: subject.slice(subject.lastIndexOf('.') + 1),
    // A message of other make has no id of ours.
    id: headers?.get(TASK_ID_HEADER) ?? `message-${sequence ?? ''}`,
    payload: data,
    delivery: Number(delivery),
  };
}
