/** index.search: the nearest samples to the mean of the queries, with scores computed anew in float64. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { searchIndex as searchProcedure, SearchHit } from '../../../lib/mesh/index-messages.ts';
import type { Procedure } from '../../../lib/bus/procedure.ts';
import { encode } from '../../../lib/bus/wire.ts';
import { clean } from '../builds/sample-filter.ts';
import { publicId } from '../graphql/sample-id.ts';
import { shapeOf, type IndexRecord } from '../runs/index-record.ts';
import { indexNotFound, type IndexRecords } from '../runs/index-records.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { refuseHopeless } from './no-match.ts';
import { measureRecall } from './recall.ts';
import { meanBlocks, queryVector, scoresOf } from '../vectors/query-vector.ts';

type Messages<P> =
  P extends Procedure<infer Request, infer Response> ? { request: Request; response: Response } : never;
export type SearchQuestion = Messages<typeof searchProcedure>['request'];
export type SearchAnswer = Messages<typeof searchProcedure>['response'];

const MAX_TOP = 1000;
const MAX_QUERIES = 32;
/** The store's order is by float32 scores: so many more are asked for, so that none is missed at the end of the list. */
const MARGIN = 16;
/** Of an answer, beside its hits. */
const ENVELOPE_BYTES = 1024;

interface SearchParts {
  /** Bytes that the answer may have. */
  readonly maxPayload: number;
  readonly store: SignatureStore;
  readonly records: IndexRecords;
}

/** Throws INDEX_NOT_FOUND, INPUT_INVALID (also a filter that can fit no sample), SHAPE_MISMATCH, and what the store throws. */
export async function searchIndex(parts: SearchParts, question: SearchQuestion): Promise<SearchAnswer> {
  const { store, records } = parts;
  const { index, queries, alpha, top } = question;
  check(question);
  const record = (await records.get(index))?.value;
  if (record === undefined || record.layers === null) throw indexNotFound(index);
  const shape = shapeOf(record);
  const mean = meanBlocks(queries, shape);
  const exact = question.exact || !(await store.approximate(index));
  const recall = exact ? 1 : (record.recall ?? (await measureLate(parts, record)));
  const filter = clean(question.filter ?? {});
  if (filter === 'none') return { hits: [], more: false, exact, recall };
  const found = await store.search(index, {
    query: queryVector(mean, alpha, shape),
    top: top + MARGIN,
    filter: filter === 'all' ? undefined : filter,
    exact,
  });
  if (found.length === 0 && filter !== 'all') await refuseHopeless(store, record, filter);
  const hits = found.map(({ point }): SearchHit => {
    const { vector, norms: _norms, ...sample } = point;
    return { sample: { ...sample, id: publicId(index, sample.id) }, ...scoresOf(mean, vector, alpha, shape) };
  });
  hits.sort((a, b) => b.score - a.score || a.sample.row - b.sample.row);
  const wanted = hits.slice(question.skip, top);
  const fitting = wanted.slice(0, fittingCount(wanted, parts.maxPayload));
  return { hits: fitting, more: fitting.length < wanted.length, exact, recall };
}

/** How many of the first hits one message takes; at least one, so that a row that is too large is told as such. */
export function fittingCount(hits: readonly unknown[], maxPayload: number): number {
  let bytes = ENVELOPE_BYTES;
  const over = hits.findIndex((hit) => (bytes += encode(hit).byteLength) > maxPayload);
  return over < 0 ? hits.length : Math.max(1, over);
}

/** A store may go over to approximate search only some time after the build. */
async function measureLate({ store, records }: SearchParts, record: IndexRecord): Promise<number | null> {
  const { id, attempt } = record;
  const recall = await measureRecall(store, id, shapeOf(record));
  await records.change(id, (now) =>
    now.life.state === 'COMPLETED' && now.attempt === attempt ? { recall } : null,
  );
  return recall;
}

function check({ queries, alpha, top, skip }: SearchQuestion): void {
  if (!(alpha >= 0 && alpha <= 1)) throw invalid(`alpha is ${alpha}`, 'Give a number from 0 to 1.');
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw invalid(`top is ${top}`, `Give a whole number from 1 to ${MAX_TOP}.`);
  }
  if (!Number.isInteger(skip) || skip < 0) throw invalid(`skip is ${skip}`, 'Give a whole number.');
  if (queries.length < 1 || queries.length > MAX_QUERIES) {
    throw invalid(`there are ${queries.length} queries`, `Give 1 to ${MAX_QUERIES}.`);
  }
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
