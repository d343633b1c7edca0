/** Where each row of a dataset stands in a run: one byte a row, so that a row counts once however often it is reported. */

const OPEN = 0;
const STORED = 1;
const FAILED = 2;
const ERASED = 3;

export class RowStates {
  readonly #states: Uint8Array;
  #stored = 0;
  #failed = 0;
  #erased = 0;

  /** @param rows of the dataset */
  constructor(rows: number) {
    this.#states = new Uint8Array(rows);
  }

  /** Rows that count: all but the erased. */
  get total(): number {
    return this.#states.length - this.#erased;
  }

  get stored(): number {
    return this.#stored;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Whether the row is still to be signed; a row that the dataset does not have is not. */
  isOpen(row: number): boolean {
    return this.#states[row] === OPEN;
  }

  /** Whether it was not stored before. */
  store(row: number): boolean {
    if (this.#states[row] !== OPEN) return false;
    this.#states[row] = STORED;
    this.#stored++;
    return true;
  }

  /** Whether it had not failed before. */
  fail(row: number): boolean {
    if (this.#states[row] !== OPEN) return false;
    this.#states[row] = FAILED;
    this.#failed++;
    return true;
  }

  erase(row: number): void {
    if (this.#states[row] !== OPEN) return;
    this.#states[row] = ERASED;
    this.#erased++;
  }
}
