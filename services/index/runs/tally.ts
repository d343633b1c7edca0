/** What a run knows of its rows: where each stands, which failed and why, how fast it goes. */
import type { Progress, RowFailure } from './index-record.ts';
import { FailureLog } from './failure-log.ts';
import { RowStates } from './row-states.ts';
import { secondsLeft, Speed } from './speed.ts';

export class Tally {
  readonly failures = new FailureLog();
  readonly #states: RowStates;
  readonly #speed = new Speed();
  #changed = true;

  /** @param rows of the dataset */
  constructor(rows: number) {
    this.#states = new RowStates(rows);
  }

  get stored(): number {
    return this.#states.stored;
  }

  isOpen(row: number): boolean {
    return this.#states.isOpen(row);
  }

  store(row: number): void {
    if (this.#states.store(row)) this.#changed = true;
  }

  fail(failure: RowFailure): void {
    if (!this.#states.fail(failure.row)) return;
    this.failures.add(failure);
    this.#changed = true;
  }

  erase(row: number): void {
    this.#states.erase(row);
  }

  /** Something else about the run is new. */
  touch(): void {
    this.#changed = true;
  }

  /** Whether anything is new since the last call. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** @param now ms since 1970 */
  progress(now = Date.now()): Progress {
    const { stored: done, failed, total } = this.#states;
    this.#speed.note(done, now);
    const samplesPerSecond = this.#speed.rate(now);
    const etaSeconds = secondsLeft(total - done - failed, samplesPerSecond);
    return { done, total, failed, samplesPerSecond, etaSeconds };
  }
}
