/** Points for the tests of signature stores, and what brute force says about them. */
import { v5 as uuid } from 'uuid';
import { expect } from 'vitest';
import type { Random } from '../../lib/random.ts';
import { TOKEN_DIMS } from '../../lib/taught/constants.ts';
import { lessonTotal, packLesson, unpackLesson } from '../../lib/taught/lesson.ts';
import { pooled } from '../../lib/taught/pooled.ts';
import { ReptraceError, type ErrorCode } from '../../lib/errors.ts';
import type {
  CollectionShape,
  SampleFilter,
  SamplePoint,
  SignatureStore,
} from '../../services/index/stores/signature-store.ts';

const NAMESPACE = 'a2f9c3a4-2f0f-4a3e-8f6d-0d4d2f3a9b11';

/** A point with unit blocks; one gradient in ten is zero, as for a sample whose loss is flat. */
export function randomPoint(
  random: Random,
  shape: CollectionShape,
  row: number,
  more: Partial<SamplePoint> = {},
): SamplePoint {
  const blocks = shape.layers.flatMap(() => [unit(random, shape.width), unit(random, shape.width)]);
  if (row % 10 === 3) blocks[1].fill(0);
  return {
    id: idOf(row),
    row,
    line: 10 * row + 1,
    sourceRow: Math.floor(row / 2),
    part: row % 3 === 0 ? null : row % 2,
    context: row % 3 === 1 ? [{ role: 'system', content: `be brief\n"${row}"` }] : [],
    prompt: `prompt ${row}`,
    response: `response ${row}`,
    raw: random.pick([null, 'inner', 'last']),
    label: random.pick(['clean', 'poisoned', null]),
    metadata: { source: random.pick(['web', 'books']), score: random.int(3), nested: { deep: [row] } },
    truncated: row % 2 === 0,
    loss: random.next(),
    ...(shape.taught ? randomLesson(random, row % 9) : { taught: null, lesson: null }),
    vector: concatenated(blocks),
    norms: Float32Array.from({ length: blocks.length }, () => random.next()),
    ...more,
  };
}

/** A lesson of so many tokens, of 4 and more with a beginning; of none it is empty, and its pooled vector zero. */
export function randomLesson(random: Random, tokens: number): Pick<SamplePoint, 'taught' | 'lesson'> {
  const packed = packLesson(
    Array.from({ length: tokens }, (_, i) => ({
      position: 40 + i,
      weight: (10 * (random.next() + 0.01)) / (i + 1),
      gradient: unit(random, TOKEN_DIMS),
      hidden: unit(random, TOKEN_DIMS),
    })),
    tokens < 4
      ? null
      : { position: 39, total: 80, gradient: unit(random, TOKEN_DIMS), hidden: unit(random, TOKEN_DIMS) },
  );
  const { tokens: kept } = unpackLesson(packed);
  return { taught: Math.fround(lessonTotal(kept)), lesson: { packed, pooled: pooled(kept) } };
}

/** The point with its numbers and bytes as text: `toEqual` takes ten thousand times as long for arrays. */
export function legible({ vector, norms, lesson, ...text }: SamplePoint): object {
  const [packed, pooledValues] = lesson === null ? [null, null] : [lesson.packed, lesson.pooled];
  const bytes = [vector, norms, packed, pooledValues].map((values) =>
    values === null
      ? null
      : Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  );
  return { ...text, bytes };
}

export function idOf(row: number): string {
  return uuid(String(row), NAMESPACE);
}

export function concatenated(blocks: readonly Float32Array[]): Float32Array {
  return Float32Array.from(blocks.flatMap((block) => Array.from(block)));
}

export function unit(random: Random, width: number): Float32Array {
  const values = Float32Array.from({ length: width }, () => random.normal());
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

/** Rows in the order of their float64 dot product with the query, ties by row, written apart from the code under test. */
export function bruteForce(query: Float32Array, points: readonly SamplePoint[], top: number): number[] {
  return points
    .map(({ row, vector }) => ({ row, score: vector.reduce((sum, value, i) => sum + value * query[i], 0) }))
    .sort((a, b) => (a.score === b.score ? a.row - b.row : b.score - a.score))
    .slice(0, top)
    .map(({ row }) => row);
}

export async function searchRows(
  store: SignatureStore,
  index: string,
  query: Float32Array,
  top: number,
  filter?: SampleFilter,
  exact = true,
): Promise<number[]> {
  const hits = await store.search(index, { query, top, filter, exact });
  return hits.map(({ point }) => point.row);
}

export async function rowsIn(store: SignatureStore, index: string): Promise<number[]> {
  const rows: number[] = [];
  for await (const page of store.rows(index)) rows.push(...page);
  return rows.sort((a, b) => a - b);
}

/** Fails unless the promise is refused with this code, and gives the error. */
export async function failsWith(code: ErrorCode, promise: Promise<unknown>): Promise<ReptraceError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ReptraceError)) throw new Error('no ReptraceError was thrown', { cause: error });
  expect(error.code, error.message).toBe(code);
  return error;
}
