/** One column of a row group, read entry by entry. What is in memory is the pages of the rows at hand. */
import type { Raw } from './leaf-values.ts';
import type { Page } from './pages.ts';
import type { Leaf } from './schema.ts';

/** Of all columns together. */
const MAX_HELD_BYTES = 384 << 20;

/** What the pages of all columns take. */
export class Held {
  #bytes = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_HELD_BYTES)
      throw new Error(
        `the pages that its rows need take more than ${MAX_HELD_BYTES} bytes: write it with smaller pages`,
      );
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export class ColumnReader {
  readonly #pages: AsyncGenerator<Page>;
  readonly #held: Held;
  readonly #maxDefinition: number;
  /** Rows at the end of the queue that may go on in the next page. */
  readonly #ahead: number;
  /** The page that is read, and those behind it. */
  readonly #queue: Page[] = [];
  #ended = false;
  /** Rows that begin in the queue, and have not been begun. */
  #rows = 0;
  #begun = 0;
  /** Entries of the first page that are left, the one at hand too. */
  #left = 0;
  /** Levels of the entry at hand; a repetition level of 0 is where a row begins. */
  #repetition = 0;
  #definition = 0;

  constructor(pages: AsyncGenerator<Page>, leaf: Leaf, held: Held) {
    this.#pages = pages;
    this.#maxDefinition = leaf.maxDefinition;
    this.#ahead = leaf.maxRepetition === 0 ? 0 : 1;
    this.#held = held;
  }

  /** How many whole rows can be read now; 0 at the end of the column. */
  async ready(): Promise<number> {
    while (!this.#ended && this.#rows <= this.#ahead) {
      const next = await this.#pages.next();
      if (next.done === true) this.#ended = true;
      else if (next.value.entries > 0) this.#add(next.value);
    }
    return this.#ended ? this.#rows : this.#rows - this.#ahead;
  }

  /** Undefined when there is no entry. */
  get definition(): number | undefined {
    return this.#left === 0 ? undefined : this.#definition;
  }

  /** Of the entry at hand; 0 when there is none. */
  get repetition(): number {
    return this.#left === 0 ? 0 : this.#repetition;
  }

  /** The value at hand, which must be there; goes on to the next entry. */
  take(): Raw {
    const [page] = this.#queue;
    if (this.#left === 0 || this.#definition !== this.#maxDefinition) throw new Error(DISAGREE);
    const value = page.next();
    this.#advance(page);
    return value;
  }

  /** Goes on to the next entry, whether there is a value or not. */
  pass(): void {
    const [page] = this.#queue;
    if (this.#left === 0) throw new Error(DISAGREE);
    if (this.#definition === this.#maxDefinition) page.next();
    this.#advance(page);
  }

  /**
   * Goes to the end of a row, whatever has been read of it; says whether that was everything.
   * @param row number of the row among those of this reader
   */
  endRow(row: number): boolean {
    let whole = true;
    while (this.#begun <= row || this.repetition !== 0) {
      this.pass();
      whole = false;
    }
    return whole;
  }

  #add(page: Page): void {
    this.#held.add(page.bytes);
    this.#queue.push(page);
    this.#rows += page.rows;
    if (this.#queue.length === 1) this.#open(page);
  }

  #open(page: Page): void {
    this.#left = page.entries;
    this.#readLevels(page);
  }

  #advance(page: Page): void {
    if (this.#repetition === 0) {
      this.#rows--;
      this.#begun++;
    }
    if (--this.#left > 0) {
      this.#readLevels(page);
      return;
    }
    this.#queue.shift();
    this.#held.remove(page.bytes);
    const [next] = this.#queue;
    if (next !== undefined) this.#open(next);
  }

  #readLevels({ repetitions, definitions }: Page): void {
    this.#repetition = repetitions?.next() ?? 0;
    this.#definition = definitions?.next() ?? this.#maxDefinition;
  }
}

export const DISAGREE = 'its columns do not agree about where values are';
