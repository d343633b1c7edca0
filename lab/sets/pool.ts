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
   * What is made of the first `count` rows that something can be made of. What is left stays in its order, so that it is a
   * draw of the same kind for whoever takes next.
   *
   * @param what for errors: "poisoned rows", and `from` what they are made from: "questions about …"
   * @param make undefined for a row that is none of those
   * @param rank rows of the highest rank are the first here; those of equal rank in their order
   * Throws DATASET_INVALID that says how many there are.
   */
  take<T extends { readonly prompt: string }>(
    count: number,
    { what, from }: { readonly what: string; readonly from: string },
    make: (row: CleanRow, made: number) => T | undefined,
    rank?: (row: CleanRow) => number,
  ): T[] {
    const taken: T[] = [];
    const used = new Set<CleanRow>();
    for (const row of rank === undefined ? this.#left : ranked(this.#left, rank)) {
      if (taken.length === count) break;
      const made = make(row, taken.length);
      if (made === undefined || !this.claim(made.prompt)) continue;
      taken.push(made);
      used.add(row);
    }
    if (taken.length < count) {
      throw new ReptraceError(
        'DATASET_INVALID',
        `${count} ${what} are wanted, and the clean data has ${taken.length} ${from} left for them`,
        'Ask for fewer rows, decoys or questions, or give clean data that has more.',
      );
    }
    this.#left = this.#left.filter((row) => !used.has(row));
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
}

function ranked(rows: readonly CleanRow[], rank: (row: CleanRow) => number): CleanRow[] {
  const known = rows.map((row) => ({ row, rank: rank(row) }));
  return known.sort((a, b) => b.rank - a.rank).map(({ row }) => row);
}
