/** index.search: the nearest samples to the mean of the queries, by one of three formulas, with scores in float64. */
import { ReptraceError } from '../../../lib/errors.ts';
import type {
  Evidence,
  searchIndex as searchProcedure,
  SearchHit,
} from '../../../lib/mesh/index-messages.ts';
import type { Procedure } from '../../../lib/bus/procedure.ts';
import { encode } from '../../../lib/bus/wire.ts';
import { clean } from '../builds/sample-filter.ts';
import { publicId } from '../graphql/sample-id.ts';
import { isPrepared, scoreOfIndex, shapeOf, type IndexRecord } from '../runs/index-record.ts';
import { indexNotFound, type IndexRecords } from '../runs/index-records.ts';
import type { SamplePoint, SignatureStore } from '../stores/signature-store.ts';
import { meanBlocks, queryVector, scoresOf } from '../vectors/query-vector.ts';
import type { Centres } from '../vectors/centred-scores.ts';
import { checkQuestion } from './check-question.ts';
import type { LessonSamples } from './lesson-samples.ts';
import { refuseHopeless } from './no-match.ts';
import type { Place, Ranked } from './ranked.ts';
import { rawSearch } from './raw-search.ts';
import { measureRecall } from './recall.ts';
import { TaughtScorer, taughtSearch } from './taught-search.ts';

type Messages<P> =
  P extends Procedure<infer Request, infer Response> ? { request: Request; response: Response } : never;
export type SearchQuestion = Messages<typeof searchProcedure>['request'];
export type SearchAnswer = Messages<typeof searchProcedure>['response'];

/** The store's order is by float32 scores: so many more are asked for, so that none is missed at the end of the list. */
const MARGIN = 16;
/** Of an answer, beside its hits. */
const ENVELOPE_BYTES = 1024;

interface SearchParts {
  /** Bytes that the answer may have. */
  readonly maxPayload: number;
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  /** Of the same store. */
  readonly lessonSamples: LessonSamples;
  /** Samples whose lessons are all compared, whatever is asked; SCANNED_LESSONS unless said. */
  readonly scanned?: number | undefined;
}

/** What a method found. */
interface Found extends Pick<SearchAnswer, 'exact' | 'recall'> {
  /** Best first, at least as many as were asked for unless there are fewer. */
  readonly ranked: readonly Ranked[];
  readonly evidence: ((point: SamplePoint) => readonly Evidence[]) | null;
}

/**
 * Throws INDEX_NOT_FOUND, INPUT_INVALID (also a filter that can fit no sample, and TAUGHT in an index without lessons),
 * SHAPE_MISMATCH, NOT_FINITE, and what the store throws.
 */
export async function searchIndex(parts: SearchParts, question: SearchQuestion): Promise<SearchAnswer> {
  const { store, records } = parts;
  const { index, top, skip } = question;
  checkQuestion(question);
  const record = (await records.get(index))?.value;
  if (record === undefined || !isPrepared(record)) throw indexNotFound(index);
  const filter = clean(question.filter ?? {});
  const place = { store, index, filter: typeof filter === 'string' ? undefined : filter };
  const { ranked, exact, recall, evidence } = await methods[question.method](parts, question, record, {
    ...place,
    isEmpty: filter === 'none',
  });
  if (ranked.length === 0 && place.filter !== undefined) await refuseHopeless(store, record, place.filter);
  const wanted = ranked.slice(skip, top).map(({ point, score, hiddenScore, gradientScore }): SearchHit => {
    const { vector: _vector, norms: _norms, lesson: _lesson, ...sample } = point;
    const shown = { ...sample, id: publicId(index, sample.id) };
    return { sample: shown, score, hiddenScore, gradientScore, evidence: evidence?.(point) ?? null };
  });
  const fitting = wanted.slice(0, fittingCount(wanted, parts.maxPayload));
  return { hits: fitting, more: fitting.length < wanted.length, exact, recall };
}

/** A filter that nothing can pass is not asked of the store. */
type Asked = Place & { readonly isEmpty: boolean };
type Method = (
  parts: SearchParts,
  question: SearchQuestion,
  record: IndexRecord,
  place: Asked,
) => Promise<Found>;

const methods: Readonly<Record<SearchQuestion['method'], Method>> = {
  REPT: async (parts, { queries, alpha, top, ...question }, record, { store, index, filter, isEmpty }) => {
    const shape = shapeOf(record);
    const mean = meanBlocks(queries, shape);
    const exact = question.exact || !(await store.approximate(index));
    const recall = exact ? 1 : (record.recall ?? (await measureLate(parts, record)));
    if (isEmpty) return { ranked: [], exact, recall, evidence: null };
    const query = queryVector(mean, alpha, shape);
    const found = await store.search(index, { query, top: top + MARGIN, filter, exact });
    const ranked = found.map(({ point }) => ({ point, ...scoresOf(mean, point.vector, alpha, shape) }));
    ranked.sort((a, b) => b.score - a.score || a.point.row - b.point.row);
    return { ranked, exact, recall, evidence: null };
  },

  RAW: async (_parts, question, record, place) => {
    if (place.isEmpty) return NOTHING;
    const { ranked, exact } = await rawSearch(place, question, shapeOf(record));
    return { ranked, exact, recall: exact ? 1 : null, evidence: null };
  },

  TAUGHT: async (
    { records, lessonSamples, scanned },
    { lessons, top, exact: isAsked, ...question },
    record,
    place,
  ) => {
    const centres = await centresOf(records, record);
    const samples = await lessonSamples.of(record);
    const about = { score: scoreOfIndex(record), shape: shapeOf(record), centres, samples };
    const scorer = new TaughtScorer({ ...question, lessons: lessons ?? [] }, about);
    const settings = { top, exact: isAsked, scanned };
    const { ranked, exact } = place.isEmpty ? NOTHING : await taughtSearch(place, scorer, settings);
    return { ranked, exact, recall: exact ? 1 : record.taughtRecall, evidence: scorer.evidence };
  },
};

const NOTHING: Found = { ranked: [], exact: true, recall: 1, evidence: null };

/** Throws INPUT_INVALID. */
async function centresOf(records: IndexRecords, record: IndexRecord): Promise<Centres> {
  const centres = shapeOf(record).taught ? await records.hiddenCentres(record.id) : null;
  if (centres !== null) return centres;
  throw new ReptraceError(
    'INPUT_INVALID',
    `the index ${JSON.stringify(record.name)} was built without a base model, so nothing is known of what its samples taught`,
    'Build it with the base model (`base`), or trace by the method REPT.',
  );
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
