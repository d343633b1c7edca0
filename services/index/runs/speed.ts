/** Samples a second over the last seconds, and the time left at that speed. */

export const WINDOW_MS = 10_000;
/** Within less than this, one batch more or less says nothing. */
const LEAST_MS = 500;

export class Speed {
  /** [ms, samples until then], the oldest first; the first lies at or before the window's start. */
  #points: (readonly [number, number])[] = [];

  /** @param samples finished so far */
  note(samples: number, now: number): void {
    this.#points.push([now, samples]);
    const from = now - WINDOW_MS;
    while (this.#points.length > 2 && this.#points[1][0] <= from) this.#points.shift();
  }

  /** Samples a second; null until there is something to go by. */
  rate(now: number): number | null {
    const [first] = this.#points;
    const last = this.#points.at(-1);
    if (first === undefined || last === undefined) return null;
    const elapsed = Math.max(now, last[0]) - first[0];
    return elapsed < LEAST_MS ? null : ((last[1] - first[1]) / elapsed) * 1000;
  }
}

/** Seconds until `left` samples are done; null when that is not known. */
export function secondsLeft(left: number, rate: number | null): number | null {
  if (left === 0) return 0;
  return rate === null || rate <= 0 ? null : left / rate;
}
