/** What is asked of a Qdrant collection. */
import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import { NUMBER_FIELDS, POOLED, taughtOf, VECTOR } from './qdrant-points.ts';
import type { Candidate } from './ranking.ts';

/** A call to one collection, tried again while its connection fails. */
export type Call = <T>(request: (client: QdrantClient, collection: string) => Promise<T>) => Promise<T>;

type Filter = Schemas['Filter'] | undefined;

/** Which parts of points are read: `WHOLE` all of them, `TEXTS` no numbers, `LESSONS` nothing but what they taught. */
type Parts = Pick<Schemas['PointRequest'], 'with_payload' | 'with_vector'>;
export const WHOLE: Parts = { with_payload: true, with_vector: true };
export const LESSONS: Parts = { with_payload: ['lesson'], with_vector: false };
export const TEXTS: Parts = { with_payload: { exclude: NUMBER_FIELDS }, with_vector: false };

/** float32 values next to each other are further apart, and what Qdrant misreads of a number is less. */
const SAME_TAUGHT = 1e-9;

/** The points that are there, in the order of `ids`. */
export async function withIds<T extends { readonly id: string }>(
  call: Call,
  ids: readonly string[],
  atOnce: number,
  parts: Parts,
  read: (record: Schemas['Record']) => T,
): Promise<T[]> {
  const found = new Map<string, T>();
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce);
    const records = await call((client, name) => client.retrieve(name, { ids: some, ...parts }));
    for (const item of records.map(read)) found.set(item.id, item);
  }
  return ids.map((id) => found.get(id)).filter((item) => item !== undefined);
}

/** Every point that passes, in the order of their ids, so that each comes once whatever is written meanwhile. */
export async function* scrolled(
  call: Call,
  limit: number,
  parts: Parts,
  filter: Filter,
): AsyncGenerator<Schemas['Record'][]> {
  let offset: Schemas['ExtendedPointId'] | undefined;
  do {
    const from = offset;
    const page = await call((client, name) =>
      client.scroll(name, {
        ...parts,
        limit,
        ...(filter && { filter }),
        ...(from === undefined ? {} : { offset: from }),
      }),
    );
    if (page.points.length > 0) yield page.points;
    offset = (page.next_page_offset ?? undefined) as Schemas['ExtendedPointId'] | undefined;
  } while (offset !== undefined);
}

/** The best `limit` of the points that pass, by their dot product with the query. */
export async function nearestBy(
  call: Call,
  vector: typeof VECTOR | typeof POOLED,
  query: Float32Array,
  limit: number,
  exact: boolean,
  filter: Filter,
): Promise<Candidate[]> {
  const values = Array.from(query);
  const { points } = await call((client, name) =>
    client.query(name, {
      query: values,
      using: vector,
      limit,
      params: { exact },
      with_payload: ['row'],
      ...(filter && { filter }),
    }),
  );
  return points.map(({ id, score, payload }) => ({
    id: String(id),
    row: payload?.['row'] as number,
    score,
  }));
}

/**
 * Ids of the `top` points that taught the most, ties by row. The server orders by one field only, and equal values by id: so
 * those above the one at the border are taken as they are, and the rest from those equal to it, by row.
 */
export async function mostTaughtIds(call: Call, top: number, filter: Filter): Promise<string[]> {
  const best = await ordered(call, 'taught', 'desc', top, filter);
  best.sort((a, b) => b.taught - a.taught || a.row - b.row);
  const border = best.at(top - 1)?.taught;
  if (border === undefined) return best.map(({ id }) => id);
  const above = best.filter(({ taught }) => taught > border);
  const range = { gte: border * (1 - SAME_TAUGHT), lte: border * (1 + SAME_TAUGHT) };
  const equal = { must: [...(filter === undefined ? [] : [filter]), { key: 'taught', range }] };
  const rest = await ordered(call, 'row', 'asc', top - above.length, equal);
  return [...above, ...rest].map(({ id }) => id);
}

async function ordered(
  call: Call,
  key: 'taught' | 'row',
  direction: 'asc' | 'desc',
  limit: number,
  filter: Filter,
): Promise<{ readonly id: string; readonly row: number; readonly taught: number }[]> {
  const { points } = await call((client, name) =>
    client.scroll(name, {
      order_by: { key, direction },
      limit,
      with_payload: ['row', 'taught'],
      with_vector: false,
      ...(filter && { filter }),
    }),
  );
  return points.map(({ id, payload }) => ({
    id: String(id),
    row: payload?.['row'] as number,
    taught: taughtOf(payload ?? {}) ?? 0,
  }));
}
