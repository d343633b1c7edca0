/**
 * The one way to the GPU: a piece of work at a time, so that no two share the device's memory or a model's recorder.
 * Questions, for which somebody waits, come before batches of a build; within each kind, first come, first served.
 */
import { ReptraceError } from '../../../lib/errors.ts';

export type Priority = 'question' | 'batch';

interface Waiting {
  readonly start: () => Promise<void>;
  readonly refuse: (error: ReptraceError) => void;
}

export class Lane {
  readonly #waiting: Readonly<Record<Priority, Waiting[]>> = { question: [], batch: [] };
  #running: Promise<void> | undefined;
  #closed = false;

  /** What `work` gives or throws. Throws CANCELLED when the lane closes before it is its turn. */
  run<T>(priority: Priority, work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closing());
    return new Promise<T>((resolve, reject) => {
      // In a turn of its own, so that work which throws at once only rejects.
      const start = (): Promise<void> => Promise.resolve().then(work).then(resolve, reject);
      this.#waiting[priority].push({ start, refuse: reject });
      if (this.#running === undefined) this.#running = this.#work();
    });
  }

  /** Refuses what waits, and what comes later; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of Object.values(this.#waiting)) {
      for (const { refuse } of waiting.splice(0)) refuse(closing());
    }
    await this.#running;
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = this.#waiting.question.shift() ?? this.#waiting.batch.shift();
      if (next === undefined) break;
      await next.start();
    }
    this.#running = undefined;
  }
}

function closing(): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    'this compute worker is closing',
    'Ask again: another worker answers, or this one when it is back.',
  );
}
