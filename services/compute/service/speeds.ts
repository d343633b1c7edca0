/** How fast models were at real batches in this process, for plans: operations by signature-flops.ts a second, by digest. */

/** What is remembered fades: of a batch, about so many seconds later half is left. */
const HALF_SECONDS = 30;
/** Less than this says nothing. */
const LEAST_SECONDS = 0.2;
const MOST_MODELS = 64;

interface Seen {
  readonly flops: number;
  readonly seconds: number;
}

export class Speeds {
  readonly #seen = new Map<string, Seen>();
  #lastDoneAt = 0;

  /**
   * Seconds of work that was begun and done then, in milliseconds, and is told of in the order of its end. Where work overlaps, what
   * was left of the work before when it was begun counts for that alone.
   */
  ownSeconds(begunAt: number, doneAt: number): number {
    const from = Math.max(begunAt, this.#lastDoneAt);
    this.#lastDoneAt = doneAt;
    return (doneAt - from) / 1000;
  }

  note(digest: string, flops: number, seconds: number): void {
    const before = this.#seen.get(digest) ?? { flops: 0, seconds: 0 };
    const left = 2 ** (-seconds / HALF_SECONDS);
    this.#seen.delete(digest);
    this.#seen.set(digest, { flops: before.flops * left + flops, seconds: before.seconds * left + seconds });
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MOST_MODELS) break;
      this.#seen.delete(oldest);
    }
  }

  /** Undefined where it was not at work for long enough. */
  of(digest: string | null): number | undefined {
    const seen = digest === null ? undefined : this.#seen.get(digest);
    return seen === undefined || seen.seconds < LEAST_SECONDS ? undefined : seen.flops / seen.seconds;
  }
}
