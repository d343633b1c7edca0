/**
 * Runs a consumer's handler on tasks, the same on both sides of the port: each task ends either done or given back,
 * exactly once, and closing leaves none behind. Where tasks come from, and what ends them there, is the queue's matter.
 */
import type { ConsumeOptions, Task } from './bus.ts';
import { endedWithin } from './bounded.ts';
import { consumerClosing, type OnFault } from './bus-errors.ts';

/** A task as its queue hands it out. */
export type Offer = Omit<Task, 'signal'>;

/** A queue's hold on a task that is being worked on. One of the two is called, once; neither throws. */
export interface Hold {
  done(): Promise<void>;
  /** @param delayMs before it is handed out again */
  giveBack(delayMs: number): Promise<void>;
}

/** How long closing waits for the handlers. */
const GRACE_MS = 2000;

/** Milliseconds before a task that failed is handed out again, growing with its deliveries. */
export function retryDelay(delivery: number): number {
  return Math.min(250 * 2 ** (delivery - 1), 10_000);
}

interface Job {
  readonly hold: Hold;
  readonly abort: AbortController;
  /** Who settles it: the handler's end, or closing, which does not wait for it any longer. */
  settledBy: 'nobody' | 'handler' | 'closing';
}

export class Worker {
  readonly #handler: (task: Task) => Promise<void>;
  readonly #onFailure: NonNullable<ConsumeOptions['onFailure']>;
  readonly #onFault: OnFault;
  readonly #jobs = new Map<Job, Promise<void>>();
  #closing = false;

  constructor(handler: (task: Task) => Promise<void>, { onFailure }: ConsumeOptions, onFault: OnFault) {
    this.#handler = handler;
    this.#onFailure = onFailure ?? (() => undefined);
    this.#onFault = onFault;
  }

  /** Resolves when the task is settled. Never rejects. */
  async run(offer: Offer, hold: Hold): Promise<void> {
    if (this.#closing) return hold.giveBack(0);
    const job: Job = { hold, abort: new AbortController(), settledBy: 'nobody' };
    const running = this.#run({ ...offer, signal: job.abort.signal }, job);
    this.#jobs.set(job, running);
    await running;
    this.#jobs.delete(job);
  }

  /** Aborts the tasks' signals, waits a little, and gives back what is not finished. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const { abort } of this.#jobs.keys()) abort.abort(consumerClosing());
    await endedWithin(GRACE_MS, Promise.all(this.#jobs.values()));
    const unfinished = [...this.#jobs.keys()].filter(({ settledBy }) => settledBy === 'nobody');
    for (const job of unfinished) job.settledBy = 'closing';
    await Promise.all(unfinished.map(({ hold }) => hold.giveBack(0)));
  }

  async #run(task: Task, job: Job): Promise<void> {
    const failed = await this.#fails(task);
    if (job.settledBy === 'closing') return;
    job.settledBy = 'handler';
    if (!failed) return job.hold.done();
    // A handler that closing cut short has not failed: the task can go to another at once.
    return job.hold.giveBack(this.#closing ? 0 : retryDelay(task.delivery));
  }

  async #fails(task: Task): Promise<boolean> {
    try {
      await this.#handler(task);
      return false;
    } catch (error) {
      try {
        this.#onFailure(task, error);
      } catch (fault) {
        this.#onFault('onFailure of a consumer threw', fault);
      }
      return true;
    }
  }
}
