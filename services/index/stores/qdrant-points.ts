/** How points lie in a Qdrant collection: its settings, points and filters to its JSON and back. Pure. */
import type { Schemas } from '@qdrant/js-client-rest';
import type { ChatTurn, RawWindow } from '../../../lib/mesh/compute-messages.ts';
import { MAX_LESSON_BYTES } from '../../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import { vectorLength } from './checks.ts';
import { facet, facetsOf } from './facets.ts';
import type {
  CollectionShape,
  LessonPage,
  PointLesson,
  SampleFilter,
  SamplePoint,
  SampleText,
} from './signature-store.ts';
import { wellFormed } from './well-formed.ts';

export const VECTOR = 'signature';
export const POOLED = 'pooled';
/** Of a collection's metadata. The number is that of the payload's fields below. */
const SHAPE_KEY = 'shape3';
/** Payload fields that filters ask for. By the last two, points are ordered too. */
const INDEXED_FIELDS = [
  ['label', 'keyword'],
  ['facets', 'keyword'],
  ['row', 'integer'],
] as const;
const LESSON_FIELDS = [['taught', 'float']] as const;
/** What no text needs. */
export const NUMBER_FIELDS = ['lesson', 'norms', 'facets'];
/** Bytes of JSON in one request, well under the server's limit of 32 MB. */
const REQUEST_BYTES = 8 * 2 ** 20;
/** A float32 widened to float64 as JSON writes it, with its comma, at most. */
const NUMBER_BYTES = 24;

export function collectionName(index: string): string {
  return `reptrace_${index}`;
}

export function collectionSettings(shape: CollectionShape): Schemas['CreateCollection'] {
  const { layers, width, taught } = shape;
  const dot = { distance: 'Dot', datatype: 'float32' } as const;
  return {
    vectors: {
      [VECTOR]: { ...dot, size: vectorLength(shape), on_disk: true },
      // In memory: 51 MB of 100,000 samples, and every trace begins with them.
      ...(taught ? { [POOLED]: { ...dot, size: POOLED_DIMS, on_disk: false } } : {}),
    },
    on_disk_payload: true,
    metadata: { [SHAPE_KEY]: { layers: [...layers], width, taught } },
  };
}

/** Payload fields with the kind of their index. */
export function indexedFields({
  taught,
}: CollectionShape): readonly (readonly [string, 'keyword' | 'integer' | 'float'])[] {
  return [...INDEXED_FIELDS, ...(taught ? LESSON_FIELDS : [])];
}

/** The shape that a collection tells; undefined when it is not one of this version's, or the server is too old to keep it. */
export function shapeOf(info: Schemas['CollectionInfo']): CollectionShape | undefined {
  const shape: unknown = info.config.metadata?.[SHAPE_KEY];
  return shape === undefined ? undefined : (shape as CollectionShape);
}

export function toPoint(point: SamplePoint): Schemas['PointStruct'] {
  return {
    id: point.id,
    vector: {
      [VECTOR]: Array.from(point.vector),
      ...(point.lesson === null ? {} : { [POOLED]: Array.from(point.lesson.pooled) }),
    },
    payload: {
      row: point.row,
      line: point.line,
      sourceRow: point.sourceRow,
      ...(point.part === null ? {} : { part: point.part }),
      context: JSON.stringify(point.context),
      prompt: wellFormed(point.prompt),
      response: wellFormed(point.response),
      ...(point.raw === null ? {} : { raw: point.raw }),
      ...(point.label === null ? {} : { label: wellFormed(point.label) }),
      // As text, so that it comes back as it was: Qdrant has its own mind about large numbers and odd keys.
      metadata: JSON.stringify(point.metadata),
      facets: facetsOf(point.metadata),
      truncated: point.truncated,
      // Qdrant reads numbers to the last digit but one.
      loss: String(point.loss),
      norms: Array.from(point.norms),
      // A number, to be ordered by. In float32, as LanceDB has it, the digit that Qdrant misreads is beyond its precision.
      ...(point.taught === null ? {} : { taught: Math.fround(point.taught) }),
      ...(point.lesson === null ? {} : { lesson: Buffer.from(point.lesson.packed).toString('base64') }),
    },
  };
}

/** Points in the order given, cut into requests of a bounded size; a point that is larger alone goes alone. */
export function* requests(points: readonly SamplePoint[]): Generator<Schemas['PointStruct'][]> {
  let bytes = 0;
  let request: Schemas['PointStruct'][] = [];
  for (const point of points) {
    const made = toPoint(point);
    const numbers = point.vector.length + (point.lesson?.pooled.length ?? 0);
    const size = Buffer.byteLength(JSON.stringify(made.payload)) + NUMBER_BYTES * numbers + 200;
    if (request.length > 0 && bytes + size > REQUEST_BYTES) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(made);
    bytes += size;
  }
  if (request.length > 0) yield request;
}

/** Points to read in one answer, by the size of their vectors and lessons. */
export function pointsAtOnce(shape: CollectionShape): number {
  const lesson = shape.taught ? NUMBER_BYTES * POOLED_DIMS + (4 / 3) * MAX_LESSON_BYTES : 0;
  const each = NUMBER_BYTES * vectorLength(shape) + lesson;
  return Math.max(1, Math.min(1000, Math.floor(REQUEST_BYTES / each)));
}

type Stored = Pick<Schemas['Record'], 'id' | 'payload' | 'vector'>;

export function readText({ id, payload }: Stored): SampleText {
  const kept = payload as Record<string, unknown>;
  return {
    id: String(id),
    row: kept['row'] as number,
    line: kept['line'] as number,
    sourceRow: kept['sourceRow'] as number,
    part: (kept['part'] as number | undefined) ?? null,
    context: JSON.parse(kept['context'] as string) as ChatTurn[],
    prompt: kept['prompt'] as string,
    response: kept['response'] as string,
    raw: (kept['raw'] as RawWindow | undefined) ?? null,
    label: (kept['label'] as string | undefined) ?? null,
    metadata: JSON.parse(kept['metadata'] as string) as Record<string, unknown>,
    truncated: kept['truncated'] as boolean,
    loss: Number(kept['loss']),
    taught: taughtOf(kept),
  };
}

/** null in a collection without lessons. */
export function taughtOf(payload: Readonly<Record<string, unknown>>): number | null {
  const taught = payload['taught'] as number | undefined;
  return taught === undefined ? null : Math.fround(taught);
}

export function readPoint(stored: Stored): SamplePoint {
  const vectors = stored.vector as Record<string, number[]>;
  const payload = stored.payload as Record<string, unknown>;
  const norms = payload['norms'] as number[];
  const packed = payload['lesson'] as string | undefined;
  const lesson: PointLesson | null =
    packed === undefined
      ? null
      : {
          packed: Uint8Array.from(Buffer.from(packed, 'base64')),
          pooled: Float32Array.from(vectors[POOLED]),
        };
  return {
    ...readText(stored),
    lesson,
    vector: Float32Array.from(vectors[VECTOR]),
    norms: Float32Array.from(norms),
  };
}

/** Of points read with their lessons. */
export function lessonPage(stored: readonly Omit<Stored, 'vector'>[]): LessonPage {
  const lessons = stored.map(({ payload }) => Buffer.from((payload?.['lesson'] ?? '') as string, 'base64'));
  let end = 0;
  const ends = Uint32Array.from(lessons, ({ length }) => (end += length));
  return { ids: stored.map(({ id }) => String(id)), bytes: Buffer.concat(lessons, end), ends };
}

/** The condition, or undefined when every sample passes. */
export function qdrantFilter(filter: SampleFilter = {}): Schemas['Filter'] | undefined {
  const { labels, withoutLabels = [], metadata = [], rows } = filter;
  const must: Schemas['Condition'][] = [];
  if (labels !== undefined) must.push(anyOf('label', labels.map(wellFormed)));
  if (withoutLabels.length > 0) must.push({ must_not: [anyOf('label', withoutLabels.map(wellFormed))] });
  for (const { key, values } of metadata) {
    must.push(
      anyOf(
        'facets',
        values.map((value) => facet(key, value)),
      ),
    );
  }
  if (rows !== undefined) must.push(anyOf('row', rows));
  return must.length === 0 ? undefined : { must };
}

function anyOf(key: string, values: readonly string[] | readonly number[]): Schemas['Condition'] {
  return { key, match: { any: [...values] as string[] | number[] } };
}
