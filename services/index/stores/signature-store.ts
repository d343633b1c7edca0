/**
 * Port: where signatures are kept and searched. One collection an index, one point a sample. A point's vector is, for each of
 * the index's layers in order, the unit hidden state and the unit gradient, [ĥ ; ĝ], float32, 2 · width · layers.length
 * numbers; a block whose norm is 0 is all zeros. The norms are kept beside it.
 *
 * Score of a point = dot(query, vector), so that the query carries alpha, the layers' weights and any averaging.
 */
import type { TextPair } from '../../../lib/mesh/compute-messages.ts';
import type { Origin } from '../datasets/dataset.ts';
import type { PointCounts } from './point-bytes.ts';

export interface CollectionShape {
  readonly layers: readonly number[];
  /** hiddenSize of the model. */
  readonly width: number;
  /** Whether points have lessons (lib/taught/). */
  readonly taught: boolean;
}

/** What a sample taught; see lib/taught/lesson.ts and pooled.ts. */
export interface PointLesson {
  readonly packed: Uint8Array;
  /** [POOLED_DIMS], float32: what the first stage of a search goes by. */
  readonly pooled: Float32Array;
}

export interface SamplePoint extends TextPair, Origin {
  /** UUID, derived from index, dataset and row: writing a point twice changes nothing. */
  readonly id: string;
  /** The sample's number in the dataset. */
  readonly row: number;
  readonly label: string | null;
  /** The dataset's other columns. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Response tokens were cut off to fit maxTokens. */
  readonly truncated: boolean;
  /** Mean cross-entropy over the response tokens, in nats. */
  readonly loss: number;
  /** How much it taught, Σ w in nats; null in a collection without lessons. */
  readonly taught: number | null;
  /** null in a collection without lessons. */
  readonly lesson: PointLesson | null;
  /** Unit blocks, as above. */
  readonly vector: Float32Array;
  /** |h|, |g| of each layer: [h0, g0, h1, g1, …]. */
  readonly norms: Float32Array;
}

/** Everything of a point but its numbers. */
export type SampleText = Omit<SamplePoint, 'vector' | 'norms' | 'lesson'>;

/** All given conditions must hold. */
export interface SampleFilter {
  /** One of these. */
  readonly labels?: readonly string[] | undefined;
  /** None of these; samples without a label pass. */
  readonly withoutLabels?: readonly string[] | undefined;
  /** For each: the metadata value, as text, is one of `values`. Numbers and booleans are compared as JSON writes them. */
  readonly metadata?: readonly { readonly key: string; readonly values: readonly string[] }[] | undefined;
  readonly rows?: readonly number[] | undefined;
}

/** What some points taught, without the rest of them. */
export interface LessonPage {
  readonly ids: readonly string[];
  /** The packed lessons, one after the other. */
  readonly bytes: Uint8Array;
  /** For each of the points, where its lesson ends in `bytes`. */
  readonly ends: Uint32Array;
}

export interface SearchRequest {
  readonly query: Float32Array;
  readonly top: number;
  readonly filter?: SampleFilter | undefined;
  /** Compare with every point, whatever it costs. */
  readonly exact: boolean;
}

/** Hits carry their vectors: callers compute the scores they show from them, in float64. */
export interface Hit {
  readonly point: SamplePoint;
  /** dot(query, vector), computed anew in float64 (ranking.ts), so that it does not depend on the store. */
  readonly score: number;
}

export interface SignatureStore {
  /** Makes an empty collection; one that is there with the same shape stays as it is. */
  create(index: string, shape: CollectionShape): Promise<void>;
  /** Removes the collection; one that is not there is no error. */
  drop(index: string): Promise<void>;
  /** Resolves when the points are durable and searchable. Throws STORE_UNREACHABLE, DISK_FULL, NOT_FINITE (nothing is written). */
  upsert(index: string, points: readonly SamplePoint[]): Promise<void>;
  /** The rows that the collection has, in no order, in pages. */
  rows(index: string): AsyncIterable<readonly number[]>;
  count(index: string, filter?: SampleFilter): Promise<number>;
  /** Best first, ties by row. Throws INDEX_NOT_FOUND. */
  search(index: string, request: SearchRequest): Promise<Hit[]>;
  /**
   * Ids of the points whose pooled vectors have the largest products with `query` [POOLED_DIMS], by the store's own float32,
   * best first. Throws INDEX_NOT_FOUND, INPUT_INVALID for a collection without lessons.
   */
  nearestLessons(
    index: string,
    request: { readonly query: Float32Array; readonly top: number } & Omit<SearchRequest, 'query' | 'top'>,
  ): Promise<string[]>;
  /** Those of the points that are there, whole, in the order of `ids`. */
  points(index: string, ids: readonly string[]): Promise<SamplePoint[]>;
  /** Every point that passes the filter, whole, in no order, in pages of bounded size. */
  scan(index: string, filter?: SampleFilter): AsyncIterable<readonly SamplePoint[]>;
  /** What every point that passes the filter taught, as `scan` gives points. Throws as `nearestLessons`. */
  lessons(index: string, filter?: SampleFilter): AsyncIterable<LessonPage>;
  /** Those that taught the most, ties by row. Throws as `nearestLessons`. */
  mostTaught(index: string, top: number, filter?: SampleFilter): Promise<SampleText[]>;
  /** By id; those that are not there are left out. */
  get(index: string, ids: readonly string[]): Promise<SampleText[]>;
  /** Removes points for good; gives how many. */
  erase(index: string, filter: SampleFilter): Promise<number>;
  /** Whether a search that is not `exact` may miss points now. */
  approximate(index: string): Promise<boolean>;
  /** On disk of so many points, about, in bytes (point-bytes.ts); asks nothing of the store. Throws INPUT_INVALID, as `create`. */
  bytesOf(counts: PointCounts): number;
  /** Resolves when the store can be used; throws STORE_UNREACHABLE. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
