/**
 * Every point of a LanceDB table, a page at a time, each once. The pages are of one version of the table, found by row ids.
 * A writer may merge that version away meanwhile: then the newest one takes its place, without the points already given.
 */
import type { Table } from '@lancedb/lancedb';
import type { Table as ArrowTable } from 'apache-arrow';
import { ReptraceError } from '../../../lib/errors.ts';
import { isFileGone } from './lance-errors.ts';
import { floatBytes, LESSON_COLUMNS, lessonPages, pointColumns, readPoint, rowsOf } from './lance-table.ts';
import type { CollectionShape, LessonPage, SamplePoint } from './signature-store.ts';

/** Numbers and lessons of a page, in bytes; and its points, which bounds the texts. */
const PAGE_BYTES = 8 * 2 ** 20;
const PAGE_POINTS = 512;
/** Of lessons alone, 2.2 MB: the more at once, the faster, but what reads them holds up everything else for as long. */
const PAGE_LESSONS = 1024;
/** Versions that may go, one after the other, before a page of any of them was read. */
const VERSIONS = 4;

export interface OpenTable {
  readonly table: Table;
  readonly shape: CollectionShape;
}

/** How pages are read. */
interface PageOf<T> {
  readonly columns: (shape: CollectionShape) => string[];
  readonly points: (shape: CollectionShape) => number;
  readonly read: (page: ArrowTable) => T;
}

const WHOLE: PageOf<SamplePoint[]> = {
  columns: pointColumns,
  points: (shape) => Math.max(1, Math.min(PAGE_POINTS, Math.floor(PAGE_BYTES / floatBytes(shape)))),
  read: (page) => rowsOf(page, readPoint),
};
const LESSONS: PageOf<LessonPage[]> = {
  columns: () => LESSON_COLUMNS,
  points: () => PAGE_LESSONS,
  read: lessonPages,
};

/**
 * Throws INDEX_BUSY when versions go away faster than pages are read.
 * @param where the condition; points written during the scan may be among those given or not
 */
export function scanPoints(
  index: string,
  open: () => Promise<OpenTable>,
  where: string | undefined,
): AsyncGenerator<SamplePoint[]> {
  return scanPages(index, open, where, WHOLE);
}

/** The same of the lessons of a collection that has them. */
export async function* scanLessons(
  index: string,
  open: () => Promise<OpenTable>,
  where: string | undefined,
): AsyncGenerator<LessonPage> {
  for await (const pages of scanPages(index, open, where, LESSONS)) yield* pages;
}

async function* scanPages<T>(
  index: string,
  open: () => Promise<OpenTable>,
  where: string | undefined,
  of: PageOf<T>,
): AsyncGenerator<T> {
  const given = new Set<string>();
  for (let left = VERSIONS; ; left--) {
    const { table, shape } = await open();
    const pages = new Pages(table, shape, given, of);
    try {
      await pages.list(where);
      for (let page = await pages.next(); page !== undefined; page = await pages.next()) {
        left = VERSIONS;
        yield page;
      }
      return;
    } catch (error) {
      if (!isFileGone(error)) throw error;
      if (left === 1) throw busy(index, error);
      for (const id of pages.read()) given.add(id);
    } finally {
      table.close();
    }
  }
}

/** Pages of one version. */
class Pages<T> {
  readonly #table: Table;
  readonly #shape: CollectionShape;
  readonly #given: ReadonlySet<string>;
  readonly #of: PageOf<T>;
  /** As Arrow columns, 44 bytes a point. */
  #ids: (i: number) => string = () => '';
  #rowIds: (i: number) => bigint = () => 0n;
  #length = 0;
  #at = 0;

  /** @param given ids to leave out */
  constructor(table: Table, shape: CollectionShape, given: ReadonlySet<string>, of: PageOf<T>) {
    this.#table = table;
    this.#shape = shape;
    this.#given = given;
    this.#of = of;
  }

  /** Decides on the version, and looks up what passes. */
  async list(where: string | undefined): Promise<void> {
    await this.#table.checkout(await this.#table.version());
    const query = where === undefined ? this.#table.query() : this.#table.query().where(where);
    const listed = await query.withRowId().select(['id']).toArrow();
    const [ids, rowIds] = [listed.getChild('id'), listed.getChild('_rowid')];
    this.#ids = (i) => ids?.get(i) as string;
    this.#rowIds = (i) => rowIds?.get(i) as bigint;
    this.#length = listed.numRows;
  }

  async next(): Promise<T | undefined> {
    const most = this.#of.points(this.#shape);
    const rowIds: bigint[] = [];
    let end = this.#at;
    for (; end < this.#length && rowIds.length < most; end++) {
      if (!this.#given.has(this.#ids(end))) rowIds.push(this.#rowIds(end));
    }
    if (rowIds.length === 0) return undefined;
    const page = await this.#table.takeRowIds(rowIds).select(this.#of.columns(this.#shape)).toArrow();
    this.#at = end;
    return this.#of.read(page);
  }

  /** Ids of the pages so far. */
  *read(): Generator<string> {
    for (let i = 0; i < this.#at; i++) yield this.#ids(i);
  }
}

function busy(index: string, cause: unknown): ReptraceError {
  return new ReptraceError(
    'INDEX_BUSY',
    `files with signatures of index ${index} go away before they can be read`,
    'Wait until what writes to the index is done, and ask again. If nothing does, its folder is damaged: build it again.',
    { cause },
  );
}
