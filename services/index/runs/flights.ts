/** The tasks that are out: their rows with their texts, until each row is stored or given up. Their number is bounded. */
import type { DatasetRow } from '../datasets/dataset.ts';

interface Flight {
  readonly id: string;
  readonly rows: Map<number, DatasetRow>;
}

export class Flights {
  readonly #byRow = new Map<number, Flight>();
  readonly #flights = new Set<Flight>();
  #waiters: (() => void)[] = [];

  get size(): number {
    return this.#flights.size;
  }

  row(row: number): DatasetRow | undefined {
    return this.#byRow.get(row)?.rows.get(row);
  }

  /** Id of the task that the row is out in. */
  taskOf(row: number): string | undefined {
    return this.#byRow.get(row)?.id;
  }

  /** Rows that are out already move to the new task. */
  add(id: string, rows: readonly DatasetRow[]): void {
    for (const { row } of rows) this.finish(row);
    const flight = { id, rows: new Map(rows.map((row) => [row.row, row])) };
    this.#flights.add(flight);
    for (const { row } of rows) this.#byRow.set(row, flight);
  }

  /** The row needs nothing more. */
  finish(row: number): void {
    const flight = this.#byRow.get(row);
    if (flight === undefined) return;
    this.#byRow.delete(row);
    flight.rows.delete(row);
    if (flight.rows.size > 0) return;
    this.#flights.delete(flight);
    this.#wake();
  }

  /** The rows of every task that is out. */
  rows(): DatasetRow[][] {
    return [...this.#flights].map(({ rows }) => [...rows.values()]);
  }

  /** Resolves when fewer than `limit` tasks are out. Throws the signal's reason when that fires. */
  async fewerThan(limit: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#flights.size < limit) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiters.push(wake);
      });
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
