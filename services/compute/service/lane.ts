/**
 * The one way to the GPU: a piece of work at a time, so that no two record for the device, or take a model from each other.
 * Questions, for which somebody waits, come before batches of a build; within each kind, first come, first served.
 *
 * Batches may overlap: the next one of them begins as soon as the one before is sent to the device, while that waits for its
 * results. Any other work has the device for itself, so that what goes wrong there is its own.
 */
import { ReptraceError } from '../../../lib/errors.ts';

export type Priority = 'question' | 'batch' | 'overlapping batch';

interface Waiting {
  readonly isAlone: boolean;
  /** Resolves when the next may begin. */
  readonly start: () => Promise<void>;
  readonly refuse: (error: ReptraceError) => void;
}

export class Lane {
  readonly #waiting: Readonly<Record<'question' | 'batch', Waiting[]>> = { question: [], batch: [] };
  /** Begun and not ended; more than one where they overlap. */
  readonly #underWay = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #closed = false;

  /**
   * What `work` gives or throws. Throws CANCELLED when the lane closes before it is its turn.
   * @param work an overlapping batch calls `sent` when the device has been given all of it; of others that means nothing
   */
  run<T>(priority: Priority, work: (sent: () => void) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closing());
    const isAlone = priority !== 'overlapping batch';
    return new Promise<T>((resolve, reject) => {
      const start = (): Promise<void> =>
        new Promise((goOn) => {
          const sent = (): void => {
            if (!isAlone) goOn();
          };
          // In a turn of its own, so that work which throws at once only rejects.
          const underWay = Promise.resolve()
            .then(() => work(sent))
            .then(resolve, reject)
            .then(() => {
              this.#underWay.delete(underWay);
              goOn();
            });
          this.#underWay.add(underWay);
        });
      this.#waiting[priority === 'question' ? 'question' : 'batch'].push({ isAlone, start, refuse: reject });
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
    await Promise.all(this.#underWay);
  }

  async #work(): Promise<void> {
    for (;;) {
      const { question, batch } = this.#waiting;
      const waiting = question.length > 0 ? question : batch;
      if (waiting.length === 0) break;
      if (waiting[0].isAlone && this.#underWay.size > 0) {
        await Promise.all(this.#underWay);
        // A question may have come meanwhile, or the end of all.
        continue;
      }
      await waiting.shift()?.start();
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
