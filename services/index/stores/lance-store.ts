/**
 * SignatureStore over LanceDB: a folder of this machine, nothing to install or start. Search compares with every point, so
 * it is always exact. One table an index, named by its id. A folder has one writing process at a time; within it writes to a
 * table take turns, and tables are opened for each operation (0.2 ms), so that none outlives a drop.
 *
 * Written is what the operating system has: killing the process loses nothing, losing power may lose the last writes.
 */
import { access, constants, mkdir } from 'node:fs/promises';
import { connect, Session, type Connection, type Table } from '@lancedb/lancedb';
import { ReptraceError } from '../../../lib/errors.ts';
import {
  checkedPoints,
  checkErase,
  checkFilter,
  checkHasLessons,
  checkIndexId,
  checkLessonSearch,
  checkMostTaught,
  checkSameShape,
  checkSearch,
  checkShape,
  isPointId,
  largestNorm,
} from './checks.ts';
import { Lanes } from './lanes.ts';
import { folderFailure, isFileGone, isNoTable, isTableThere, lanceFailure } from './lance-errors.ts';
import { mergeInsert, mostTaughtIds, nearestBy, withIds } from './lance-queries.ts';
import { scanLessons, scanPoints, type OpenTable } from './lance-scan.ts';
import {
  pointColumns,
  pointsToArrow,
  readPoint,
  readText,
  shapeOf,
  tableSchema,
  textColumns,
} from './lance-table.ts';
import { merge, Upkeep } from './lance-upkeep.ts';
import { lanceBytes, type PointCounts } from './point-bytes.ts';
import { byScore, firstCandidates, rank } from './ranking.ts';
import type {
  CollectionShape,
  Hit,
  LessonPage,
  SampleFilter,
  SamplePoint,
  SampleText,
  SearchRequest,
  SignatureStore,
} from './signature-store.ts';
import { filterSql } from './sql.ts';

/** LanceDB's own bounds are 6 GB and 1 GB. There are no vector indexes here and few files, so that more only takes memory. */
const INDEX_CACHE_BYTES = 1n << 20n;
const METADATA_CACHE_BYTES = 4n << 20n;
const PAGE_ROWS = 8192;
/** Reads that find their files merged away under them begin anew, this often. */
const READ_TRIES = 4;

/** @param folder made when it is not there. Throws STORE_UNREACHABLE, DISK_FULL. */
export async function openLanceStore(folder: string): Promise<SignatureStore> {
  try {
    await mkdir(folder, { recursive: true });
    const session = new Session(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES);
    return new LanceStore(folder, await connect({ uri: folder, session, readConsistencyInterval: 0 }));
  } catch (error) {
    throw folderFailure(folder, error);
  }
}

class LanceStore implements SignatureStore {
  readonly #folder: string;
  readonly #connection: Connection;
  readonly #writes = new Lanes();
  readonly #upkeep = new Upkeep();

  constructor(folder: string, connection: Connection) {
    this.#folder = folder;
    this.#connection = connection;
  }

  async create(index: string, shape: CollectionShape): Promise<void> {
    checkShape(shape);
    await this.#write(index, async () => {
      try {
        (await this.#connection.createEmptyTable(index, tableSchema(shape))).close();
      } catch (error) {
        if (!isTableThere(error)) throw error;
        await this.#withTable(index, (_table, there) => {
          checkSameShape(index, there, shape);
          return Promise.resolve();
        });
      }
    });
  }

  async drop(index: string): Promise<void> {
    await this.#write(index, async () => {
      this.#upkeep.forget(index);
      try {
        await this.#connection.dropTable(index);
      } catch (error) {
        if (!isNoTable(error)) throw error;
      }
    });
  }

  async upsert(index: string, points: readonly SamplePoint[]): Promise<void> {
    await this.#write(index, async () => {
      await this.#withTable(index, async (table, shape) => {
        const checked = checkedPoints(shape, points);
        if (checked.length === 0) return;
        await this.#upkeep.before(index, table);
        await mergeInsert(table, pointsToArrow(shape, checked));
        this.#upkeep.wrote(index, checked.length);
      });
    });
  }

  async *rows(index: string): AsyncGenerator<readonly number[]> {
    const column = await this.#read(index, async (table) => {
      const rows = (await table.query().select(['row']).toArrow()).getChild('row');
      return Int32Array.from((rows?.toArray() ?? []) as Int32Array);
    });
    for (let at = 0; at < column.length; at += PAGE_ROWS)
      yield Array.from(column.subarray(at, at + PAGE_ROWS));
  }

  async count(index: string, filter?: SampleFilter): Promise<number> {
    checkFilter(filter ?? {});
    return await this.#read(index, (table) => table.countRows(filterSql(filter)));
  }

  async search(index: string, request: SearchRequest): Promise<Hit[]> {
    const where = filterSql(request.filter);
    return await this.#read(index, async (table, shape) => {
      checkSearch(shape, request);
      // Both reads are of one version: what is erased between them would be missing at the end of the list.
      await table.checkout(await table.version());
      return await rank(request.query, request.top, largestNorm(shape), firstCandidates(request.top, true), {
        nearest: (limit) => nearestBy(table, 'vector', request.query, limit, where),
        load: (ids) => withIds(table, ids, pointColumns(shape), readPoint),
      });
    });
  }

  /** Compares with every lesson: always exact. */
  async nearestLessons(index: string, request: SearchRequest): Promise<string[]> {
    const where = filterSql(request.filter);
    return await this.#read(index, async (table, shape) => {
      checkLessonSearch(shape, request);
      const found = await nearestBy(table, 'pooled', request.query, request.top, where);
      return found.sort(byScore).map(({ id }) => id);
    });
  }

  async points(index: string, ids: readonly string[]): Promise<SamplePoint[]> {
    return await this.#read(index, (table, shape) =>
      withIds(table, ids.filter(isPointId), pointColumns(shape), readPoint),
    );
  }

  async *scan(index: string, filter?: SampleFilter): AsyncGenerator<readonly SamplePoint[]> {
    checkIndexId(index);
    checkFilter(filter ?? {});
    try {
      yield* scanPoints(index, () => this.#open(index), filterSql(filter));
    } catch (error) {
      throw lanceFailure(this.#folder, index, error);
    }
  }

  async *lessons(index: string, filter?: SampleFilter): AsyncGenerator<LessonPage> {
    checkIndexId(index);
    checkFilter(filter ?? {});
    checkHasLessons(await this.#read(index, (_table, shape) => Promise.resolve(shape)));
    try {
      yield* scanLessons(index, () => this.#open(index), filterSql(filter));
    } catch (error) {
      throw lanceFailure(this.#folder, index, error);
    }
  }

  async mostTaught(index: string, top: number, filter?: SampleFilter): Promise<SampleText[]> {
    return await this.#read(index, async (table, shape) => {
      checkMostTaught(shape, top, filter);
      // Both reads are of one version, as in `search`.
      await table.checkout(await table.version());
      return await withIds(
        table,
        await mostTaughtIds(table, top, filterSql(filter)),
        textColumns(shape),
        readText,
      );
    });
  }

  async get(index: string, ids: readonly string[]): Promise<SampleText[]> {
    return await this.#read(index, (table, shape) =>
      withIds(table, ids.filter(isPointId), textColumns(shape), readText),
    );
  }

  /**
   * LanceDB marks erased rows and keeps their bytes until their file is rewritten, so that is done here: afterwards their
   * text is in no file of the table (but for files of more than a million rows, which are only rewritten in time).
   */
  async erase(index: string, filter: SampleFilter): Promise<number> {
    checkErase(filter);
    const where = filterSql(filter) ?? 'false';
    return await this.#write(index, () =>
      this.#withTable(index, async (table) => {
        const { numDeletedRows } = await table.delete(where);
        // One file alone is never rewritten; writing any point again makes a second one, and the two are merged. Also when
        // nothing was deleted now: an erase before this one may have been cut off here.
        const any = await table.query().limit(1).toArrow();
        if (any.numRows > 0) await mergeInsert(table, any);
        await merge(table);
        return numDeletedRows;
      }),
    );
  }

  async approximate(index: string): Promise<boolean> {
    return await this.#read(index, () => Promise.resolve(false));
  }

  bytesOf(counts: PointCounts): number {
    checkShape(counts.shape);
    return lanceBytes(counts);
  }

  async ping(): Promise<void> {
    try {
      await access(this.#folder, constants.R_OK | constants.W_OK);
    } catch (error) {
      throw folderFailure(this.#folder, error);
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    this.#connection.close();
  }

  /** Runs a task in the index's turn to write. */
  async #write<T>(index: string, task: () => Promise<T>): Promise<T> {
    checkIndexId(index);
    try {
      return await this.#writes.run(index, task);
    } catch (error) {
      throw lanceFailure(this.#folder, index, error);
    }
  }

  /** Runs a read, and again when the files that it began with were merged away meanwhile. */
  async #read<T>(index: string, read: (table: Table, shape: CollectionShape) => Promise<T>): Promise<T> {
    checkIndexId(index);
    for (let left = READ_TRIES; ; left--) {
      try {
        return await this.#withTable(index, read);
      } catch (error) {
        if (left === 1 || isNoTable(error) || !isFileGone(error)) {
          throw lanceFailure(this.#folder, index, error);
        }
      }
    }
  }

  async #withTable<T>(index: string, use: (table: Table, shape: CollectionShape) => Promise<T>): Promise<T> {
    const { table, shape } = await this.#open(index);
    try {
      return await use(table, shape);
    } finally {
      table.close();
    }
  }

  /** The caller closes it. */
  async #open(index: string): Promise<OpenTable> {
    const table = await this.#connection.openTable(index);
    try {
      const shape = shapeOf(await table.schema());
      if (shape !== undefined) return { table, shape };
      throw new ReptraceError(
        'CONFLICT',
        `the table ${index} in ${this.#folder} was not made by this version of reptrace`,
        'Delete the index that it is of, and build it again; use a folder of its own for the signatures.',
      );
    } catch (error) {
      table.close();
      throw error;
    }
  }
}
