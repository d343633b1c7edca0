/** How points lie in a LanceDB table: its schema, and points to Arrow and back. Pure. */
import type { Binary, Data, DataType, FixedSizeList, Float32, Schema, Table, Vector } from 'apache-arrow';
import type { ChatTurn, RawWindow } from '../../../lib/mesh/compute-messages.ts';
import { POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import { arrow } from './arrow.ts';
import { vectorLength } from './checks.ts';
import { facetsOf } from './facets.ts';
import { LESSON_BYTES } from './point-bytes.ts';
import type { CollectionShape, LessonPage, PointLesson, SamplePoint, SampleText } from './signature-store.ts';
import { wellFormed } from './well-formed.ts';

/** The shape of the collection, as JSON, in the schema's metadata. The number is that of the columns below. */
const SHAPE_KEY = 'reptrace.shape.3';
/** Makes LanceDB refuse and try again an insert whose ids another writer inserted meanwhile, so that none is doubled. */
const PRIMARY_KEY = new Map([['lance-schema:unenforced-primary-key', 'true']]);

const TEXT_COLUMNS = [
  ...['id', 'row', 'line', 'source_row', 'part', 'context', 'prompt', 'response', 'raw'],
  ...['label', 'metadata', 'truncated', 'loss'],
];

/** What `readText` needs. */
export function textColumns({ taught }: CollectionShape): string[] {
  return [...TEXT_COLUMNS, ...(taught ? ['taught'] : [])];
}

/** What `readPoint` needs. */
export function pointColumns(shape: CollectionShape): string[] {
  return [...textColumns(shape), 'vector', 'norms', ...(shape.taught ? ['lesson', 'pooled'] : [])];
}

/** What `lessonPages` needs. */
export const LESSON_COLUMNS = ['id', 'lesson'];

/** Of a point's numbers and of its lesson; texts come on top. */
export function floatBytes(shape: CollectionShape): number {
  return 4 * (vectorLength(shape) + 2 * shape.layers.length) + (shape.taught ? LESSON_BYTES : 0);
}

const FACETS = new arrow.List(new arrow.Field('item', new arrow.Utf8(), true));

function floats(length: number): FixedSizeList<Float32> {
  return new arrow.FixedSizeList(length, new arrow.Field('item', new arrow.Float32(), true));
}

const LESSON_FIELDS = [
  new arrow.Field('taught', new arrow.Float32(), false),
  new arrow.Field('lesson', new arrow.Binary(), false),
  new arrow.Field('pooled', floats(POOLED_DIMS), false),
];

export function tableSchema(shape: CollectionShape): Schema {
  const { layers, width, taught } = shape;
  return new arrow.Schema(
    [
      new arrow.Field('id', new arrow.Utf8(), false, PRIMARY_KEY),
      new arrow.Field('row', new arrow.Int32(), false),
      // Lines may be more than 2^31.
      new arrow.Field('line', new arrow.Float64(), false),
      new arrow.Field('source_row', new arrow.Int32(), false),
      new arrow.Field('part', new arrow.Int32(), true),
      new arrow.Field('context', new arrow.Utf8(), false),
      new arrow.Field('prompt', new arrow.Utf8(), false),
      new arrow.Field('response', new arrow.Utf8(), false),
      new arrow.Field('raw', new arrow.Utf8(), true),
      new arrow.Field('label', new arrow.Utf8(), true),
      new arrow.Field('metadata', new arrow.Utf8(), false),
      new arrow.Field('facets', FACETS, false),
      new arrow.Field('truncated', new arrow.Bool(), false),
      new arrow.Field('loss', new arrow.Float64(), false),
      new arrow.Field('vector', floats(vectorLength(shape)), false),
      new arrow.Field('norms', floats(2 * shape.layers.length), false),
      ...(taught ? LESSON_FIELDS : []),
    ],
    new Map([[SHAPE_KEY, JSON.stringify({ layers, width, taught })]]),
  );
}

/** The shape that the schema of a table tells; undefined when the table is not one of ours. */
export function shapeOf(schema: { readonly metadata: Map<string, string> }): CollectionShape | undefined {
  const told = schema.metadata.get(SHAPE_KEY);
  return told === undefined ? undefined : (JSON.parse(told) as CollectionShape);
}

/** Points as one Arrow batch of the table's schema. */
export function pointsToArrow(shape: CollectionShape, points: readonly SamplePoint[]): Table {
  const schema = tableSchema(shape);
  const columns: Readonly<Record<string, Data>> = {
    id: utf8(points.map(({ id }) => id)),
    row: values(
      new arrow.Int32(),
      points.map(({ row }) => row),
    ),
    line: values(
      new arrow.Float64(),
      points.map(({ line }) => line),
    ),
    source_row: values(
      new arrow.Int32(),
      points.map(({ sourceRow }) => sourceRow),
    ),
    part: values(
      new arrow.Int32(),
      points.map(({ part }) => part),
    ),
    context: utf8(points.map(({ context }) => JSON.stringify(context))),
    prompt: utf8(points.map(({ prompt }) => wellFormed(prompt))),
    response: utf8(points.map(({ response }) => wellFormed(response))),
    raw: utf8(points.map(({ raw }) => raw)),
    label: utf8(points.map(({ label }) => (label === null ? null : wellFormed(label)))),
    metadata: utf8(points.map(({ metadata }) => JSON.stringify(metadata))),
    facets: values(
      FACETS,
      points.map(({ metadata }) => facetsOf(metadata)),
    ),
    truncated: values(
      new arrow.Bool(),
      points.map(({ truncated }) => truncated),
    ),
    loss: values(
      new arrow.Float64(),
      points.map(({ loss }) => loss),
    ),
    vector: floatRows(points.map(({ vector }) => vector)),
    norms: floatRows(points.map(({ norms }) => norms)),
    ...(shape.taught ? lessonColumns(points) : {}),
  };
  const children = schema.fields.map(({ name }) => columns[name]);
  const rows = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: points.length,
    nullCount: 0,
    children,
  });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, rows));
}

function lessonColumns(points: readonly SamplePoint[]): Readonly<Record<string, Data>> {
  const lessons = points.map(({ lesson }) => lesson).filter((lesson) => lesson !== null);
  return {
    taught: values(
      new arrow.Float32(),
      points.map(({ taught }) => taught),
    ),
    lesson: byteRows(lessons.map(({ packed }) => packed)),
    pooled: floatRows(lessons.map(({ pooled }) => pooled)),
  };
}

function utf8(texts: readonly (string | null)[]): Data {
  return values(new arrow.Utf8(), texts);
}

function values(type: DataType, items: readonly unknown[]): Data {
  const vector: Vector<DataType> = arrow.vectorFromArray(items, type);
  return vector.data[0];
}

/** Rows of floats as one column, without making a JavaScript number of each. */
function floatRows(rows: readonly Float32Array[]): Data {
  const each = rows[0]?.length ?? 0;
  const flat = new Float32Array(rows.length * each);
  rows.forEach((row, i) => {
    flat.set(row, i * each);
  });
  const child = arrow.makeData({ type: new arrow.Float32(), length: flat.length, nullCount: 0, data: flat });
  return arrow.makeData({ type: floats(each), length: rows.length, nullCount: 0, child });
}

/** Rows of bytes as one column. */
function byteRows(rows: readonly Uint8Array[]): Data<Binary> {
  const valueOffsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    valueOffsets[i + 1] = valueOffsets[i] + row.length;
  });
  const data = new Uint8Array(valueOffsets[rows.length]);
  rows.forEach((row, i) => {
    data.set(row, valueOffsets[i]);
  });
  return arrow.makeData({ type: new arrow.Binary(), length: rows.length, nullCount: 0, valueOffsets, data });
}

/** What a query gave, row by row: a value by its column's name. */
type Row = (column: string) => unknown;

export function rowsOf<T>(table: Table, read: (row: Row) => T): T[] {
  const columns = new Map(table.schema.fields.map(({ name }) => [name, table.getChild(name)]));
  return Array.from({ length: table.numRows }, (_, i) => read((column) => columns.get(column)?.get(i)));
}

export function readText(row: Row): SampleText {
  return {
    id: row('id') as string,
    row: row('row') as number,
    line: row('line') as number,
    sourceRow: row('source_row') as number,
    part: row('part') as number | null,
    context: JSON.parse(row('context') as string) as ChatTurn[],
    prompt: row('prompt') as string,
    response: row('response') as string,
    raw: row('raw') as RawWindow | null,
    label: row('label') as string | null,
    metadata: JSON.parse(row('metadata') as string) as Record<string, unknown>,
    truncated: row('truncated') as boolean,
    loss: row('loss') as number,
    // Without lessons there is no such column.
    taught: (row('taught') as number | undefined) ?? null,
  };
}

export function readPoint(row: Row): SamplePoint {
  return {
    ...readText(row),
    lesson: readLesson(row),
    vector: readFloats(row('vector')),
    norms: readFloats(row('norms')),
  };
}

function readLesson(row: Row): PointLesson | null {
  const packed = row('lesson') as Uint8Array | undefined;
  // A copy, as of floats.
  return packed === undefined ? null : { packed: Uint8Array.from(packed), pooled: readFloats(row('pooled')) };
}

/** Of what a query gave, a page for each batch: its lessons are views of it. */
export function lessonPages({ batches }: Table): LessonPage[] {
  return batches.map((batch) => {
    const ids = batch.getChild('id');
    const lessons = batch.getChild('lesson')?.data[0] as Data<Binary>;
    const offsets = lessons.valueOffsets.subarray(0, batch.numRows + 1);
    const [begin, end] = [offsets[0], offsets[batch.numRows]];
    return {
      ids: Array.from({ length: batch.numRows }, (_, i) => ids?.get(i) as string),
      bytes: lessons.values.subarray(begin, end),
      ends: Uint32Array.from(offsets.subarray(1), (offset) => offset - begin),
    };
  });
}

/** A copy: the view would keep the whole answer in memory. */
function readFloats(value: unknown): Float32Array {
  return Float32Array.from((value as Vector<Float32>).toArray());
}
