/**
 * SignatureStore over a Qdrant server, version 1.16 or later. One collection an index, one point a sample with one or
 * two named vectors. Every call may be made twice to the same end, so that a lost connection is tried again briefly.
 *
 * Qdrant keeps the bytes of erased points until it rewrites their segment, in its own time.
 */
import type { QdrantClient } from '@qdrant/js-client-rest';
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
import { QdrantCalls, type QdrantOptions } from './qdrant-calls.ts';
import { statusOf } from './qdrant-errors.ts';
import {
  collectionName,
  collectionSettings,
  indexedFields,
  lessonPage,
  pointsAtOnce,
  POOLED,
  qdrantFilter,
  readPoint,
  readText,
  requests,
  shapeOf,
  VECTOR,
} from './qdrant-points.ts';
import {
  LESSONS,
  mostTaughtIds,
  nearestBy,
  scrolled,
  TEXTS,
  WHOLE,
  withIds,
  type Call,
} from './qdrant-queries.ts';
import { qdrantBytes, type PointCounts } from './point-bytes.ts';
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

const PAGE_ROWS = 8192;
/** 3 MB of JSON. */
const PAGE_LESSONS = 1024;

/** Throws CONFIG_INVALID for a URL that is none, STORE_UNREACHABLE when nothing answers there. */
export async function connectQdrantStore(url: string, options: QdrantOptions = {}): Promise<SignatureStore> {
  const store = new QdrantStore(new QdrantCalls(url, options));
  await store.ping();
  return store;
}

class QdrantStore implements SignatureStore {
  readonly #calls: QdrantCalls;
  /** Shapes of collections seen. An id is never used for another shape, so they stay true. */
  readonly #shapes = new Map<string, CollectionShape>();

  constructor(calls: QdrantCalls) {
    this.#calls = calls;
  }

  async create(index: string, shape: CollectionShape): Promise<void> {
    checkShape(shape);
    checkIndexId(index);
    const call = this.#of(index);
    await call(async (client, name) => {
      if (!(await client.collectionExists(name)).exists) await createCollection(client, name, shape);
    });
    checkSameShape(index, await this.#shape(index), shape);
    // Also for one that was there: the process that made it may have ended before these.
    for (const [field_name, field_schema] of indexedFields(shape)) {
      await call((client, name) => client.createPayloadIndex(name, { field_name, field_schema, wait: true }));
    }
  }

  async drop(index: string): Promise<void> {
    checkIndexId(index);
    this.#shapes.delete(index);
    await this.#of(index)((client, name) => client.deleteCollection(name));
  }

  async upsert(index: string, points: readonly SamplePoint[]): Promise<void> {
    const checked = checkedPoints(await this.#shape(index), points);
    for (const request of requests(checked)) {
      await this.#of(index)((client, name) => client.upsert(name, { wait: true, points: request }));
    }
  }

  async *rows(index: string): AsyncGenerator<readonly number[]> {
    await this.#shape(index);
    const parts = { with_payload: ['row'], with_vector: false };
    for await (const page of scrolled(this.#of(index), PAGE_ROWS, parts, undefined)) {
      yield page.map(({ payload }) => payload?.['row'] as number);
    }
  }

  async count(index: string, filter?: SampleFilter): Promise<number> {
    checkFilter(filter ?? {});
    await this.#shape(index);
    const condition = qdrantFilter(filter);
    const { count } = await this.#of(index)((client, name) =>
      client.count(name, { exact: true, ...(condition && { filter: condition }) }),
    );
    return count;
  }

  async search(index: string, request: SearchRequest): Promise<Hit[]> {
    const shape = await this.#shape(index);
    checkSearch(shape, request);
    const { query, top, exact } = request;
    const filter = qdrantFilter(request.filter);
    const call = this.#of(index);
    return await rank(query, top, largestNorm(shape), firstCandidates(top, exact), {
      nearest: (limit) => nearestBy(call, VECTOR, query, limit, exact, filter),
      load: (ids) => withIds(call, ids, pointsAtOnce(shape), WHOLE, readPoint),
    });
  }

  async nearestLessons(index: string, request: SearchRequest): Promise<string[]> {
    checkLessonSearch(await this.#shape(index), request);
    const { query, top, exact, filter } = request;
    const found = await nearestBy(this.#of(index), POOLED, query, top, exact, qdrantFilter(filter));
    return found.sort(byScore).map(({ id }) => id);
  }

  async points(index: string, ids: readonly string[]): Promise<SamplePoint[]> {
    const shape = await this.#shape(index);
    return await withIds(this.#of(index), ids.filter(isPointId), pointsAtOnce(shape), WHOLE, readPoint);
  }

  async *scan(index: string, filter?: SampleFilter): AsyncGenerator<readonly SamplePoint[]> {
    checkFilter(filter ?? {});
    const shape = await this.#shape(index);
    const pages = scrolled(this.#of(index), pointsAtOnce(shape), WHOLE, qdrantFilter(filter));
    for await (const page of pages) yield page.map(readPoint);
  }

  async *lessons(index: string, filter?: SampleFilter): AsyncGenerator<LessonPage> {
    checkFilter(filter ?? {});
    checkHasLessons(await this.#shape(index));
    const pages = scrolled(this.#of(index), PAGE_LESSONS, LESSONS, qdrantFilter(filter));
    for await (const page of pages) yield lessonPage(page);
  }

  async mostTaught(index: string, top: number, filter?: SampleFilter): Promise<SampleText[]> {
    const shape = await this.#shape(index);
    checkMostTaught(shape, top, filter);
    const ids = await mostTaughtIds(this.#of(index), top, qdrantFilter(filter));
    return await withIds(this.#of(index), ids, pointsAtOnce(shape), TEXTS, readText);
  }

  async get(index: string, ids: readonly string[]): Promise<SampleText[]> {
    const shape = await this.#shape(index);
    return await withIds(this.#of(index), ids.filter(isPointId), pointsAtOnce(shape), TEXTS, readText);
  }

  /** The number is counted just before; points that come in between are erased too, and not counted. */
  async erase(index: string, filter: SampleFilter): Promise<number> {
    checkErase(filter);
    const count = await this.count(index, filter);
    await this.#of(index)((client, name) =>
      client.delete(name, { wait: true, filter: qdrantFilter(filter) ?? {} }),
    );
    return count;
  }

  /** Segments are searched by their graph once they have one. */
  async approximate(index: string): Promise<boolean> {
    checkIndexId(index);
    const info = await this.#of(index)((client, name) => client.getCollection(name));
    return (info.indexed_vectors_count ?? 0) > 0;
  }

  bytesOf(counts: PointCounts): number {
    checkShape(counts.shape);
    return qdrantBytes(counts);
  }

  async ping(): Promise<void> {
    await this.#calls.call(undefined, (client) => client.getCollections());
  }

  /** Connections that are not used close by themselves; there is nothing to wait for. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #shape(index: string): Promise<CollectionShape> {
    checkIndexId(index);
    const known = this.#shapes.get(index);
    if (known !== undefined) return known;
    const info = await this.#of(index)((client, name) => client.getCollection(name));
    const shape = shapeOf(info);
    if (shape === undefined) {
      throw new ReptraceError(
        'CONFLICT',
        `the collection ${collectionName(index)} of Qdrant at ${this.#calls.shown} was not made by this version of reptrace, or does not tell its shape`,
        'Use Qdrant 1.16 or later, and leave collections named reptrace_… to reptrace; one of an earlier version is to be deleted and built again.',
      );
    }
    this.#shapes.set(index, shape);
    return shape;
  }

  /** Calls to the index's collection. */
  #of(index: string): Call {
    const name = collectionName(index);
    return async (request) => {
      try {
        return await this.#calls.call(index, (client) => request(client, name));
      } catch (error) {
        if (error instanceof ReptraceError && error.code === 'INDEX_NOT_FOUND') this.#shapes.delete(index);
        throw error;
      }
    };
  }
}

/** By the generated call: the client's own `createCollection` leaves the metadata out. */
async function createCollection(client: QdrantClient, name: string, shape: CollectionShape): Promise<void> {
  try {
    await client.api().createCollection({ collection_name: name, ...collectionSettings(shape) });
  } catch (error) {
    // Another process made it in between.
    if (statusOf(error) !== 409) throw error;
  }
}
