/**
 * SignatureStore over a Qdrant server, version 1.16 or later. One collection an index, one point a sample with one named
 * vector. Every call may be made twice to the same end, so that a lost connection is tried again briefly.
 *
 * Qdrant keeps the bytes of erased points until it rewrites their segment, in its own time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { QdrantClient, type Schemas } from '@qdrant/js-client-rest';
import { ReptraceError } from '../../../lib/errors.ts';
import {
  checkedPoints,
  checkErase,
  checkFilter,
  checkIndexId,
  checkSameShape,
  checkSearch,
  checkShape,
  isPointId,
  largestNorm,
} from './checks.ts';
import { isPassing, qdrantFailure, shownUrl, statusOf } from './qdrant-errors.ts';
import {
  collectionName,
  collectionSettings,
  INDEXED_FIELDS,
  pointsAtOnce,
  qdrantFilter,
  readPoint,
  readText,
  requests,
  shapeOf,
  VECTOR,
} from './qdrant-points.ts';
import { qdrantBytes, type PointCounts } from './point-bytes.ts';
import { firstCandidates, rank } from './ranking.ts';
import type {
  CollectionShape,
  Hit,
  SampleFilter,
  SamplePoint,
  SampleText,
  SearchRequest,
  SignatureStore,
} from './signature-store.ts';

export interface QdrantOptions {
  readonly apiKey?: string | undefined;
  /** For one request, in milliseconds. */
  readonly timeout?: number | undefined;
}

const TIMEOUT = 60_000;
/** Milliseconds before the second, third, … try of a call whose connection failed. */
const PAUSES = [100, 300, 600];
const PAGE_ROWS = 8192;

/** Throws CONFIG_INVALID for a URL that is none, STORE_UNREACHABLE when nothing answers there. */
export async function connectQdrantStore(url: string, options: QdrantOptions = {}): Promise<SignatureStore> {
  const store = new QdrantStore(parsedUrl(url), options);
  await store.ping();
  return store;
}

function parsedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const http = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url !== undefined && http && url.username === '' && url.password === '') return url;
  // The text is not repeated: it may hold a password.
  throw new ReptraceError(
    'CONFIG_INVALID',
    'the URL of Qdrant is not an http or https URL without a user',
    'Give one such as http://127.0.0.1:6333, and the API key apart.',
  );
}

class QdrantStore implements SignatureStore {
  readonly #client: QdrantClient;
  readonly #shown: string;
  /** Shapes of collections seen. An id is never used for another shape, so they stay true. */
  readonly #shapes = new Map<string, CollectionShape>();

  constructor(url: URL, options: QdrantOptions) {
    this.#shown = shownUrl(url);
    this.#client = new QdrantClient({
      host: url.hostname,
      port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      https: url.protocol === 'https:',
      prefix: url.pathname === '/' ? '' : url.pathname,
      timeout: options.timeout ?? TIMEOUT,
      checkCompatibility: false,
      // As a header: given as `apiKey`, the client writes a warning to the console.
      // Compressed answers come in steps of some 45 ms: measured, a search took 48 ms with and 4 ms without.
      headers: { 'api-key': options.apiKey, 'accept-encoding': 'identity' },
    });
  }

  async create(index: string, shape: CollectionShape): Promise<void> {
    checkShape(shape);
    checkIndexId(index);
    const name = collectionName(index);
    await this.#call(index, async () => {
      if (!(await this.#client.collectionExists(name)).exists) await this.#createCollection(name, shape);
    });
    checkSameShape(index, await this.#shape(index), shape);
    // Also for one that was there: the process that made it may have ended before these.
    for (const [field_name, field_schema] of INDEXED_FIELDS) {
      await this.#call(index, () =>
        this.#client.createPayloadIndex(name, { field_name, field_schema, wait: true }),
      );
    }
  }

  /** By the generated call: the client's own `createCollection` leaves the metadata out. */
  async #createCollection(name: string, shape: CollectionShape): Promise<void> {
    try {
      await this.#client.api().createCollection({ collection_name: name, ...collectionSettings(shape) });
    } catch (error) {
      // Another process made it in between.
      if (statusOf(error) !== 409) throw error;
    }
  }

  async drop(index: string): Promise<void> {
    checkIndexId(index);
    this.#shapes.delete(index);
    await this.#call(index, () => this.#client.deleteCollection(collectionName(index)));
  }

  async upsert(index: string, points: readonly SamplePoint[]): Promise<void> {
    const checked = checkedPoints(await this.#shape(index), points);
    for (const request of requests(checked)) {
      await this.#call(index, () =>
        this.#client.upsert(collectionName(index), { wait: true, points: request }),
      );
    }
  }

  async *rows(index: string): AsyncGenerator<readonly number[]> {
    await this.#shape(index);
    let offset: Schemas['ExtendedPointId'] | undefined;
    do {
      const from = offset;
      const page = await this.#call(index, () =>
        this.#client.scroll(collectionName(index), {
          limit: PAGE_ROWS,
          with_payload: ['row'],
          with_vector: false,
          ...(from === undefined ? {} : { offset: from }),
        }),
      );
      if (page.points.length > 0) yield page.points.map(({ payload }) => payload?.['row'] as number);
      offset = (page.next_page_offset ?? undefined) as Schemas['ExtendedPointId'] | undefined;
    } while (offset !== undefined);
  }

  async count(index: string, filter?: SampleFilter): Promise<number> {
    checkFilter(filter ?? {});
    await this.#shape(index);
    const condition = qdrantFilter(filter);
    const { count } = await this.#call(index, () =>
      this.#client.count(collectionName(index), { exact: true, ...(condition && { filter: condition }) }),
    );
    return count;
  }

  async search(index: string, request: SearchRequest): Promise<Hit[]> {
    const shape = await this.#shape(index);
    checkSearch(shape, request);
    const { query, top, exact } = request;
    const filter = qdrantFilter(request.filter);
    const vector = Array.from(query);
    return await rank(query, top, largestNorm(shape), firstCandidates(top, exact), {
      nearest: async (limit) => {
        const { points } = await this.#call(index, () =>
          this.#client.query(collectionName(index), {
            query: vector,
            using: VECTOR,
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
      },
      load: (ids) => this.#retrieve(index, ids, pointsAtOnce(shape), true, readPoint),
    });
  }

  async get(index: string, ids: readonly string[]): Promise<SampleText[]> {
    const shape = await this.#shape(index);
    return await this.#retrieve(index, ids.filter(isPointId), pointsAtOnce(shape), false, readText);
  }

  /** Those that are there, in the order of `ids`. */
  async #retrieve<T extends { readonly id: string }>(
    index: string,
    ids: readonly string[],
    atOnce: number,
    withVector: boolean,
    read: (record: Schemas['Record']) => T,
  ): Promise<T[]> {
    const found = new Map<string, T>();
    for (let at = 0; at < ids.length; at += atOnce) {
      const some = ids.slice(at, at + atOnce);
      const records = await this.#call(index, () =>
        this.#client.retrieve(collectionName(index), {
          ids: some,
          with_payload: true,
          with_vector: withVector ? [VECTOR] : false,
        }),
      );
      for (const item of records.map(read)) found.set(item.id, item);
    }
    return ids.map((id) => found.get(id)).filter((item) => item !== undefined);
  }

  /** The number is counted just before; points that come in between are erased too, and not counted. */
  async erase(index: string, filter: SampleFilter): Promise<number> {
    checkErase(filter);
    const count = await this.count(index, filter);
    await this.#call(index, () =>
      this.#client.delete(collectionName(index), { wait: true, filter: qdrantFilter(filter) ?? {} }),
    );
    return count;
  }

  /** Segments are searched by their graph once they have one. */
  async approximate(index: string): Promise<boolean> {
    checkIndexId(index);
    const info = await this.#call(index, () => this.#client.getCollection(collectionName(index)));
    return (info.indexed_vectors_count ?? 0) > 0;
  }

  bytesOf(counts: PointCounts): number {
    checkShape(counts.shape);
    return qdrantBytes(counts);
  }

  async ping(): Promise<void> {
    await this.#call(undefined, () => this.#client.getCollections());
  }

  /** Connections that are not used close by themselves; there is nothing to wait for. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #shape(index: string): Promise<CollectionShape> {
    checkIndexId(index);
    const known = this.#shapes.get(index);
    if (known !== undefined) return known;
    const info = await this.#call(index, () => this.#client.getCollection(collectionName(index)));
    const shape = shapeOf(info);
    if (shape === undefined) {
      throw new ReptraceError(
        'CONFLICT',
        `the collection ${collectionName(index)} of Qdrant at ${this.#shown} was not made by this version of reptrace, or does not tell its shape`,
        'Use Qdrant 1.16 or later, and leave collections named reptrace_… to reptrace; one of an earlier version is to be deleted and built again.',
      );
    }
    this.#shapes.set(index, shape);
    return shape;
  }

  async #call<T>(index: string | undefined, request: () => Promise<T>): Promise<T> {
    for (let tried = 0; ; tried++) {
      try {
        return await request();
      } catch (error) {
        if (tried === PAUSES.length || !isPassing(error)) {
          if (index !== undefined && statusOf(error) === 404) this.#shapes.delete(index);
          throw qdrantFailure(this.#shown, index, error);
        }
        await delay(PAUSES[tried]);
      }
    }
  }
}
