/** When to look again: soon after a hint, but not more often than clients can use; and now and then without one, for hints get lost. */

export interface PaceOptions {
  /** Between the starts of two looks. */
  readonly leastMs: number;
}

export class Pace {
  readonly #leastMs: number;
  #started = -Infinity;
  #hinted = false;
  #wake: (() => void) | undefined;

  constructor({ leastMs }: PaceOptions) {
    this.#leastMs = leastMs;
  }

  /** Something may have changed. */
  hint(): void {
    this.#hinted = true;
    this.#wake?.();
  }

  /** A look begins: hints from here on ask for another one. */
  begin(): void {
    this.#started = performance.now();
    this.#hinted = false;
  }

  /** Resolves when the next look is due, at the latest in `mostMs` from now, or at once when the signal fires. */
  next(mostMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      const dueMs = (): number => {
        const soonest = Math.max(0, this.#started + this.#leastMs - performance.now());
        return this.#hinted ? soonest : Math.max(soonest, mostMs);
      };
      let timer = setTimeout(end, dueMs());
      this.#wake = () => {
        clearTimeout(timer);
        timer = setTimeout(end, dueMs());
      };
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}
