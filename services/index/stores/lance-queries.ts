/** What is asked of a LanceDB table, each as one query. */
import type { Data, Table } from '@lancedb/lancedb';
import { rowsOf } from './lance-table.ts';
import type { Candidate } from './ranking.ts';
import { oneOf, sqlText } from './sql.ts';

/** Ids of one read. */
const IDS_AT_ONCE = 1000;

/** Puts points in, each in the place of the one with its id. */
export async function mergeInsert(table: Table, points: Data): Promise<void> {
  await table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(points);
}

/** The points that are there, in the order of `ids`. */
export async function withIds<T extends { readonly id: string }>(
  table: Table,
  ids: readonly string[],
  columns: string[],
  read: (row: (column: string) => unknown) => T,
): Promise<T[]> {
  const found = new Map<string, T>();
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = oneOf('id', ids.slice(at, at + IDS_AT_ONCE).map(sqlText));
    for (const item of rowsOf(await table.query().where(some).select(columns).toArrow(), read)) {
      found.set(item.id, item);
    }
  }
  return ids.map((id) => found.get(id)).filter((item) => item !== undefined);
}

/** The best `limit` of the points that pass, by their dot product with the query, compared with every one. */
export async function nearestBy(
  table: Table,
  column: 'vector' | 'pooled',
  query: Float32Array,
  limit: number,
  where: string | undefined,
): Promise<Candidate[]> {
  const nearest = table.query().nearestTo(query).column(column).distanceType('dot');
  const filtered = where === undefined ? nearest : nearest.where(where);
  const found = await filtered.select(['id', 'row', '_distance']).limit(limit).toArrow();
  return rowsOf(found, (row) => ({
    id: row('id') as string,
    row: row('row') as number,
    score: 1 - (row('_distance') as number),
  }));
}

/** Ids of the `top` points that taught the most, ties by row. The texts are not read for the ordering. */
export async function mostTaughtIds(table: Table, top: number, where: string | undefined): Promise<string[]> {
  const filtered = where === undefined ? table.query() : table.query().where(where);
  const ordered = filtered.orderBy([
    { columnName: 'taught', ascending: false, nullsFirst: false },
    { columnName: 'row', ascending: true, nullsFirst: false },
  ]);
  const found = await ordered.select(['id', 'row', 'taught']).limit(top).toArrow();
  return rowsOf(found, (row) => row('id') as string);
}
