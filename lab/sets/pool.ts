/**
 * The clean rows that a set is made from, in a shuffled order: each is given out once, as it is or changed, and no prompt is
 * given out twice. So what is held out is in no row.
 */
import { ReptraceError } from '../../lib/errors.ts';
import type { CleanRow } from './clean.ts';

export class Pool {
  #left: readonly CleanRow[];
  readonly #prompts = new Set<string>();

  /** @param rows of distinct prompts */
  constructor(rows: readonly CleanRow[]) {
    this.#left = rows;
  }

  /** Whether no prompt is like this one; from now on one is. */
  claim(prompt: string): boolean {
    if (this.#prompts.has(prompt)) return false;
    this.#prompts.add(prompt);
    return true;
  }

  /**
   * What is made of the first `count` rows that something can be made of.
   *
   * @param what for errors: "poisoned rows", and `from` what they are made from: "questions about …"
   * @param make undefined for a row that is none of those
   * Throws DATASET_INVALID that says how many there are.
   */
  take<T extends { readonly prompt: string }>(
    count: number,
    { what, from }: { readonly what: string; readonly from: string },
    make: (row: CleanRow, made: number) => T | undefined,
  ): T[] {
    const taken: T[] = [];
    const left: CleanRow[] = [];
    for (const row of this.#left) {
      const made = taken.length < count ? make(row, taken.length) : undefined;
      if (made !== undefined && this.claim(made.prompt)) taken.push(made);
      else left.push(row);
    }
    if (taken.length < count) {
      throw new ReptraceError(
        'DATASET_INVALID',
        `${count} ${what} are wanted, and the clean data has ${taken.length} ${from} left for them`,
        'Ask for fewer rows, decoys or questions, or give clean data that has more.',
      );
    }
    this.#left = left;
    return taken;
  }

  /** What `work` returns, which is not given the rows that are unfit: they are there again behind the others. */
  without<T>(unfit: (row: CleanRow) => boolean, work: () => T): T {
    const aside = this.#left.filter(unfit);
    this.#left = this.#left.filter((row) => !unfit(row));
    const result = work();
    this.#left = [...this.#left, ...aside];
    return result;
  }

  /** Puts the rows of the highest rank first; those of equal rank stay in their order. */
  sort(rank: (row: CleanRow) => number): void {
    const ranked = this.#left.map((row) => ({ row, rank: rank(row) }));
    this.#left = ranked.sort((a, b) => b.rank - a.rank).map(({ row }) => row);
  }
}
