/** Rows that have no signature, and why: all are counted elsewhere, the first thousand are kept with their reasons. */
import type { RowFailure } from './index-record.ts';

export const MAX_KEPT_FAILURES = 1000;
/** Reasons quote what users wrote. */
const MAX_REASON = 500;

export class FailureLog {
  readonly #kept = new Map<number, RowFailure>();
  #version = 0;
  #savedVersion = 0;

  add(failure: RowFailure): void {
    if (this.#kept.size >= MAX_KEPT_FAILURES || this.#kept.has(failure.row)) return;
    const { reason } = failure;
    const short = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
    this.#kept.set(failure.row, { ...failure, reason: short });
    this.#version++;
  }

  /** In the order of their rows. */
  list(): RowFailure[] {
    return [...this.#kept.values()].sort((a, b) => a.row - b.row);
  }

  /** What is stored is of an earlier run, and is to be replaced even by an empty list. */
  mustSave(): void {
    this.#version++;
  }

  /** Saves what is not saved yet. */
  async save(put: (failures: readonly RowFailure[]) => Promise<void>): Promise<void> {
    const version = this.#version;
    if (version === this.#savedVersion) return;
    await put(this.list());
    this.#savedVersion = version;
  }
}
