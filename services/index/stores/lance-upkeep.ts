/**
 * Keeps a LanceDB table quick and small while it is written in small pieces. Each write adds a file and a version, which
 * every search has to open, so they are merged now and then. Merging rewrites the table; waiting until a quarter of it is
 * new makes the total written a small multiple of the data, however long a run is.
 */
import type { Table } from '@lancedb/lancedb';

const WRITES_BETWEEN = 32;
/** LanceDB leaves files of 2^20 rows as they are, so no merge rewrites more. */
const LARGEST_FILE_ROWS = 2 ** 20;
/** Beyond this many files a search is slow whatever the share of new rows. */
const MOST_FILES = 1024;

export class Upkeep {
  readonly #since = new Map<string, { writes: number; rows: number }>();

  /** Counts what is written to an index. */
  wrote(index: string, rows: number): void {
    const since = this.#since.get(index) ?? { writes: 0, rows: 0 };
    this.#since.set(index, { writes: since.writes + 1, rows: since.rows + rows });
  }

  forget(index: string): void {
    this.#since.delete(index);
  }

  /** Merges when it pays. Called before a write by the only writer, so that a full disk is told before anything is written. */
  async before(index: string, table: Table): Promise<void> {
    const since = this.#since.get(index);
    // The first write since the process began looks at what earlier ones left.
    if (since !== undefined && since.writes % WRITES_BETWEEN !== 0) return;
    const { numRows, fragmentStats } = await table.stats();
    const files = fragmentStats.numFragments;
    const due =
      since === undefined || since.rows >= Math.min(numRows, LARGEST_FILE_ROWS) / 4 || files > MOST_FILES;
    if (!due || files <= WRITES_BETWEEN) return;
    await merge(table);
    this.#since.set(index, { writes: 0, rows: 0 });
  }
}

/** Merges the table's small files and removes every older version with what only it needs. Reads under way try again. */
export async function merge(table: Table): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date() });
}
