/** How points lie in a Qdrant collection: its settings, points and filters to its JSON and back. Pure. */
import type { Schemas } from '@qdrant/js-client-rest';
import type { ChatTurn, RawWindow } from '../../../lib/mesh/compute-messages.ts';
import { vectorLength } from './checks.ts';
import { facet, facetsOf } from './facets.ts';
import type { CollectionShape, SampleFilter, SamplePoint, SampleText } from './signature-store.ts';
import { wellFormed } from './well-formed.ts';

export const VECTOR = 'signature';
/** Of a collection's metadata. The number is that of the payload's fields below. */
const SHAPE_KEY = 'shape2';
/** Payload fields that filters ask for; the last is ordered by nothing, only matched. */
export const INDEXED_FIELDS = [
  ['label', 'keyword'],
  ['facets', 'keyword'],
  ['row', 'integer'],
] as const;
/** Bytes of JSON in one request, well under the server's limit of 32 MB. */
const REQUEST_BYTES = 8 * 2 ** 20;
/** A float32 widened to float64 as JSON writes it, with its comma, at most. */
const NUMBER_BYTES = 24;

export function collectionName(index: string): string {
  return `reptrace_${index}`;
}

export function collectionSettings(shape: CollectionShape): Schemas['CreateCollection'] {
  return {
    vectors: { [VECTOR]: { size: vectorLength(shape), distance: 'Dot', datatype: 'float32', on_disk: true } },
    on_disk_payload: true,
    metadata: { [SHAPE_KEY]: { layers: [...shape.layers], width: shape.width } },
  };
}

/** The shape that a collection tells; undefined when it is not one of this version's, or the server is too old to keep it. */
export function shapeOf(info: Schemas['CollectionInfo']): CollectionShape | undefined {
  const shape: unknown = info.config.metadata?.[SHAPE_KEY];
  return shape === undefined ? undefined : (shape as CollectionShape);
}

export function toPoint(point: SamplePoint): Schemas['PointStruct'] {
  return {
    id: point.id,
    vector: { [VECTOR]: Array.from(point.vector) },
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
    },
  };
}

/** Points in the order given, cut into requests of a bounded size; a point that is larger alone goes alone. */
export function* requests(points: readonly SamplePoint[]): Generator<Schemas['PointStruct'][]> {
  let bytes = 0;
  let request: Schemas['PointStruct'][] = [];
  for (const point of points) {
    const made = toPoint(point);
    const size = Buffer.byteLength(JSON.stringify(made.payload)) + NUMBER_BYTES * point.vector.length + 200;
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

/** Points to read in one answer, by the size of their vectors. */
export function pointsAtOnce(shape: CollectionShape): number {
  return Math.max(1, Math.min(1000, Math.floor(REQUEST_BYTES / (NUMBER_BYTES * vectorLength(shape)))));
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
  };
}

export function readPoint(stored: Stored): SamplePoint {
  const vectors = stored.vector as Record<string, number[]>;
  const norms = (stored.payload as Record<string, unknown>)['norms'] as number[];
  return {
    ...readText(stored),
    vector: Float32Array.from(vectors[VECTOR]),
    norms: Float32Array.from(norms),
  };
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
