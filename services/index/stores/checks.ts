/** What both stores ask of their callers, checked before anything is read or written. Pure. */
import { ReptraceError } from '../../../lib/errors.ts';
import { MAX_LESSON_BYTES, TOKEN_BYTES } from '../../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import type { CollectionShape, SampleFilter, SamplePoint, SearchRequest } from './signature-store.ts';

/** Hits of one search, at most: what comes back has to fit in memory. */
const MAX_TOP = 10_000;
/** Values in one filter, at most, all conditions together. */
const MAX_FILTER_VALUES = 65_536;
const MAX_ROW = 2 ** 31 - 1;
const MAX_VECTOR = 65_536;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Numbers in a vector: [ĥ ; ĝ] for each layer. */
export function vectorLength(shape: CollectionShape): number {
  return 2 * shape.width * shape.layers.length;
}

/** At least the norm of every vector: each layer has two blocks of norm 1 or 0; with room for rounding. */
export function largestNorm(shape: CollectionShape): number {
  return 1.01 * Math.sqrt(2 * shape.layers.length);
}

/** Throws INPUT_INVALID: an index id becomes the name of a folder or a collection. */
export function checkIndexId(index: string): void {
  if (!/^[A-Za-z0-9_-]{1,200}$/.test(index)) {
    throw invalid(
      `the index id ${JSON.stringify(index.slice(0, 80))} is not one`,
      'Use 1 to 200 of [A-Za-z0-9_-].',
    );
  }
}

/** Throws INPUT_INVALID. */
export function checkShape(shape: CollectionShape): void {
  const { layers, width } = shape;
  const whole = [width, ...layers].every((value) => Number.isInteger(value) && value >= 0);
  if (!whole || layers.length === 0 || width === 0 || new Set(layers).size !== layers.length) {
    throw invalid(
      `layers ${layers.join(', ')} of width ${width} are not a shape`,
      'Give different layers, and a width above 0.',
    );
  }
  if (vectorLength(shape) > MAX_VECTOR) {
    throw invalid(
      `${layers.length} layers of width ${width} make vectors of ${vectorLength(shape)} numbers; ${MAX_VECTOR} is the most`,
      'Index fewer layers.',
    );
  }
}

/** Throws CONFLICT unless the collection that is there has the shape that is wanted. */
export function checkSameShape(index: string, there: CollectionShape, wanted: CollectionShape): void {
  const told = (shape: CollectionShape): string =>
    `layers ${shape.layers.join(', ')} of width ${shape.width}, ${shape.taught ? 'with' : 'without'} lessons`;
  if (told(there) === told(wanted)) return;
  throw new ReptraceError(
    'CONFLICT',
    `the signatures of index ${index} are of ${told(there)}, not of ${told(wanted)}`,
    'Build a new index for another shape, or delete this one first.',
  );
}

/**
 * The points to write, each id once (the last one given counts).
 * Throws NOT_FINITE naming the row, INPUT_INVALID for ids, rows or lengths that do not fit the collection.
 */
export function checkedPoints(shape: CollectionShape, points: readonly SamplePoint[]): SamplePoint[] {
  for (const point of points) checkPoint(shape, point);
  return [...new Map(points.map((point) => [point.id, point])).values()];
}

function checkPoint(shape: CollectionShape, point: SamplePoint): void {
  if (!isPointId(point.id)) {
    throw invalid(`the point id ${JSON.stringify(point.id)} is not a UUID`, 'Derive it with UUIDv5.');
  }
  checkRow(point.row);
  const lengths = [vectorLength(shape), 2 * shape.layers.length];
  if (point.vector.length !== lengths[0] || point.norms.length !== lengths[1]) {
    throw invalid(
      `row ${point.row} has ${point.vector.length} numbers and ${point.norms.length} norms; ` +
        `its index has ${lengths[0]} and ${lengths[1]}`,
      'Compute the signature with the model and layers of the index.',
    );
  }
  checkLesson(shape, point);
  const { vector, norms, lesson, loss, taught } = point;
  const floats = [vector, norms, ...(lesson === null ? [] : [lesson.pooled])];
  // What was taught is kept in float32.
  const numbers = [loss, Math.fround(taught ?? 0)];
  if (!numbers.every(Number.isFinite) || !floats.every((values) => values.every(Number.isFinite))) {
    throw new ReptraceError(
      'NOT_FINITE',
      `the signature of row ${point.row} has numbers that are not finite`,
      'Leave the sample out, or look for NaN in the weights.',
    );
  }
}

/** Throws INPUT_INVALID unless the point has a lesson just where its collection has them, and of the right lengths. */
function checkLesson(shape: CollectionShape, { row, lesson, taught }: SamplePoint): void {
  if ((lesson !== null) !== shape.taught || (taught !== null) !== shape.taught) {
    throw invalid(
      `row ${row} comes ${lesson === null || taught === null ? 'without' : 'with'} a lesson, ` +
        `its index is one ${shape.taught ? 'with' : 'without'} lessons`,
      'Sign every sample of an index with the same base model, or all without one.',
    );
  }
  if (lesson === null || taught === null) return;
  const { packed, pooled } = lesson;
  const whole = packed.length % TOKEN_BYTES === 0 && packed.length <= MAX_LESSON_BYTES;
  if (!whole || pooled.length !== POOLED_DIMS) {
    throw invalid(
      `row ${row} has a lesson of ${packed.length} bytes and ${pooled.length} numbers; ` +
        `right are a multiple of ${TOKEN_BYTES} up to ${MAX_LESSON_BYTES}, and ${POOLED_DIMS}`,
      'Pack it with this version.',
    );
  }
  if (taught < 0) throw invalid(`row ${row} taught ${taught} nats`, 'Give a sum of weights, 0 or more.');
}

/** Whether it may be a point's id. */
export function isPointId(id: string): boolean {
  return UUID.test(id);
}

/** Throws INPUT_INVALID for a query that does not fit the collection, NOT_FINITE for one that is not finite. */
export function checkSearch(shape: CollectionShape, { query, top, filter }: SearchRequest): void {
  checkAsked(top, filter);
  checkQuery(query, vectorLength(shape), 'Compute its signature with the model and layers of the index.');
}

/** The same of a search among lessons. Throws INPUT_INVALID, too, where there are none. */
export function checkLessonSearch(shape: CollectionShape, { query, top, filter }: SearchRequest): void {
  checkHasLessons(shape);
  checkAsked(top, filter);
  checkQuery(query, POOLED_DIMS, 'Pool its lesson with this version.');
}

/** Throws INPUT_INVALID. */
export function checkMostTaught(shape: CollectionShape, top: number, filter?: SampleFilter): void {
  checkHasLessons(shape);
  checkAsked(top, filter);
}

/** Throws INPUT_INVALID for a collection without lessons. */
export function checkHasLessons(shape: CollectionShape): void {
  if (!shape.taught) {
    throw invalid(
      'the index has no lessons: it was built without a base model',
      'Build the index with a base model.',
    );
  }
}

function checkAsked(top: number, filter: SampleFilter = {}): void {
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw invalid(`top is ${top}`, `Ask for 1 to ${MAX_TOP} samples.`);
  }
  checkFilter(filter);
}

function checkQuery(query: Float32Array, length: number, remedy: string): void {
  if (query.length !== length) {
    throw invalid(`the query has ${query.length} numbers, the index ${length} for each sample`, remedy);
  }
  if (!query.every(Number.isFinite)) {
    throw new ReptraceError(
      'NOT_FINITE',
      'the signature of the query has numbers that are not finite',
      'Look for NaN in the weights.',
    );
  }
}

/** Throws INPUT_INVALID for a filter with too many values, or rows that cannot be. */
export function checkFilter(filter: SampleFilter): void {
  const { labels = [], withoutLabels = [], metadata = [], rows = [] } = filter;
  const counts = [labels, withoutLabels, rows, ...metadata.map(({ values }) => values)].map(
    (list) => list.length,
  );
  const values = counts.reduce((sum, count) => sum + count, metadata.length);
  if (values > MAX_FILTER_VALUES) {
    throw invalid(`the filter has ${values} values`, `Give at most ${MAX_FILTER_VALUES} in one filter.`);
  }
  rows.forEach(checkRow);
}

/** Throws INPUT_INVALID for a filter that asks nothing: erasing every sample is `drop`. */
export function checkErase(filter: SampleFilter): void {
  checkFilter(filter);
  const { labels, withoutLabels = [], metadata = [], rows } = filter;
  if (labels === undefined && withoutLabels.length === 0 && metadata.length === 0 && rows === undefined) {
    throw invalid('the filter has no condition, so every sample would go', 'Name rows, labels or metadata.');
  }
}

function checkRow(row: number): void {
  if (!Number.isInteger(row) || row < 0 || row > MAX_ROW) {
    throw invalid(`${row} is not a row`, `Rows are whole numbers from 0 to ${MAX_ROW}.`);
  }
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}

/** An index that a store does not have. */
export function indexNotFound(index: string): ReptraceError {
  return new ReptraceError(
    'INDEX_NOT_FOUND',
    `there are no signatures of an index ${index}`,
    'See which indexes there are with `reptrace index list`.',
  );
}
