/**
 * Search by taught tokens (lib/taught/score.ts). In an index of some thousands of samples, and where exactness is asked, all of
 * them are compared (exact-search.ts). In larger ones it is done in two stages: the store names candidates by what was taught and by
 * where, and those are scored token by token. What an index's samples have says which score it is (SCORES of constants.ts).
 */
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { Evidence } from '../../../lib/mesh/index-messages.ts';
import { weighOutput } from '../../../lib/taught/beginning.ts';
import type { Score } from '../../../lib/taught/constants.ts';
import { unpackLesson, type Beginning, type Lesson, type TaughtToken } from '../../../lib/taught/lesson.ts';
import { pooled, POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import { weighByRarity } from '../../../lib/taught/rarity.ts';
import { LessonQuery, placeFactor, strongest, type WeighedOutput } from '../../../lib/taught/score.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import { centredBlocks, centredQueryVector, centredScores, type Centres } from '../vectors/centred-scores.ts';
import type { MeanBlocks, Scores } from '../vectors/query-vector.ts';
import { exactSearch } from './exact-search.ts';
import type { Lessons } from './lesson-samples.ts';
import { Best, isSmall, type Place, type Ranked } from './ranked.ts';

/** What is looked for. */
export interface TaughtQuery {
  readonly queries: readonly (readonly LayerVectors[])[];
  /** Of each query, the most taught tokens. */
  readonly lessons: readonly (readonly TaughtToken[])[];
  /** Of each query, p; none where the index's samples have none. It does not count without prompts. */
  readonly beginnings?: readonly Beginning[] | null | undefined;
  /** Whether the queries have prompts; without, h at p counts as 0. */
  readonly prompted: boolean;
}

/** What is known of the index that is searched. */
export interface TaughtIndex {
  readonly score: Score;
  readonly shape: CollectionShape;
  readonly centres: Centres;
  /** Of some of its samples: they say how unusual a lesson is in it. */
  readonly samples: Lessons;
}

/**
 * So few samples are all compared. On two cores with other work, the demo's rows three times over (3,900 samples) take 125 ms in
 * LanceDB and 160 to 230 in Qdrant, six times over 210 and 760; two stages 80 and 130, and miss some of what an output that
 * nothing taught is nearest to.
 */
export const SCANNED_LESSONS = 4_096;
/**
 * Candidates by h and g at p, and by lessons, at least. Of 100k synthetic samples (bench/mesh/search-taught.ts) the first 256
 * by lessons hold .98 of the true best 50, 512 .99, and more no more.
 */
const PLACE_CANDIDATES = 256;
const LESSON_CANDIDATES = 512;
/** Points that are read at once: they may be large. */
const POINTS_AT_ONCE = 512;

/** Scores samples for one question. */
export class TaughtScorer {
  /** Near by h and g at p, by the store's product with unit blocks. */
  readonly placeQuery: Float32Array;
  /** Near by what was taught, by the store's product with pooled vectors; null where nothing was. */
  readonly lessonQuery: Float32Array | null;
  /** Each query, weighed by how unusual what it shows is in the index. */
  readonly outputs: readonly WeighedOutput[];
  /** What s is multiplied with, at most. */
  readonly mostFactor: number;
  readonly #lessons: readonly LessonQuery[];
  readonly #mean: MeanBlocks;
  readonly #centres: Centres;
  readonly #shape: CollectionShape;

  /** Throws SHAPE_MISMATCH. */
  constructor(query: TaughtQuery, { score, shape, centres, samples }: TaughtIndex) {
    const { queries, prompted } = query;
    this.outputs = score === 'score 2' ? byRarity(query, samples) : withBeginnings(query, samples);
    this.mostFactor = score === 'score 2' ? placeFactor(1, 1) : 1;
    this.#lessons = this.outputs.map(({ tokens, beginning }) => new LessonQuery(tokens, beginning));
    this.#mean = centredBlocks(queries, centres, prompted, shape);
    this.#centres = centres;
    this.#shape = shape;
    this.placeQuery = centredQueryVector(this.#mean, queries, centres, shape);
    const any = this.outputs.some(({ tokens }) => tokens.length > 0);
    this.lessonQuery = any ? meanPooled(this.outputs) : null;
  }

  /**
   * s, the mean over the queries; of score 2 times 2 + max(0, hiddenScore) + max(0, gradientScore). Both cosines are
   * centred-scores.ts's.
   * @param lesson the point's, for callers that have several questions about it: unpacking takes as long as scoring
   */
  readonly score = (point: SamplePoint, lesson: Lesson = lessonOf(point)): Scores => {
    const { hiddenScore, gradientScore } = centredScores(this.#mean, point, this.#centres, this.#shape);
    const s = this.#lessons.reduce((sum, output) => sum + output.score(lesson), 0) / this.#lessons.length;
    const factor = this.mostFactor === 1 ? 1 : placeFactor(hiddenScore, gradientScore);
    return { score: s * factor, hiddenScore, gradientScore };
  };

  /** Which token of which query met which of the sample's, or p of both: parts of s. */
  readonly evidence = (point: SamplePoint): Evidence[] => {
    const lesson = lessonOf(point);
    const pairs = this.#lessons.flatMap((asked, output) =>
      asked
        .explain(lesson)
        .evidence.map((pair) => ({ output, ...pair, weight: pair.weight / this.#lessons.length })),
    );
    return strongest(pairs);
  };
}

/** What is asked of a search. */
export interface TaughtSettings {
  /** Samples wanted. */
  readonly top: number;
  /** Compare with every sample, whatever it costs. */
  readonly exact: boolean;
  /** No more samples than this are all compared anyway; SCANNED_LESSONS unless said. */
  readonly scanned?: number | undefined;
}

/** Throws SHAPE_MISMATCH, and what the store throws. */
export async function taughtSearch(
  place: Place,
  scorer: TaughtScorer,
  { top, exact, scanned = SCANNED_LESSONS }: TaughtSettings,
): Promise<{ readonly ranked: Ranked[]; readonly exact: boolean }> {
  if (exact || (await isSmall(place, scanned)))
    return { ranked: await exactSearch(place, scorer, top), exact: true };
  return { ranked: await twoStages(place, scorer, top), exact: false };
}

/** The best of the candidates. */
export async function twoStages(
  { store, index, filter }: Place,
  { placeQuery, lessonQuery, score }: TaughtScorer,
  top: number,
): Promise<Ranked[]> {
  const request = (atLeast: number) => ({ top: Math.max(atLeast, 2 * top + 64), filter, exact: false });
  const [byPlace, byLesson] = await Promise.all([
    store.search(index, { query: placeQuery, ...request(PLACE_CANDIDATES) }),
    lessonQuery === null
      ? []
      : store.nearestLessons(index, { query: lessonQuery, ...request(LESSON_CANDIDATES) }),
  ]);
  const best = new Best(top);
  for (const { point } of byPlace) best.add({ point, ...score(point) });
  const seen = new Set(byPlace.map(({ point }) => point.id));
  const others = byLesson.filter((id) => !seen.has(id));
  for (let at = 0; at < others.length; at += POINTS_AT_ONCE) {
    const points = await store.points(index, others.slice(at, at + POINTS_AT_ONCE));
    for (const point of points) best.add({ point, ...score(point) });
  }
  return best.sorted();
}

/** Of score 2. */
function byRarity({ lessons }: TaughtQuery, samples: Lessons): WeighedOutput[] {
  const taught = samples.map(({ tokens }) => tokens);
  return lessons.map((tokens) => ({ tokens: weighByRarity(tokens, taught), beginning: null }));
}

/** Of score 3. */
function withBeginnings({ lessons, beginnings, prompted }: TaughtQuery, samples: Lessons): WeighedOutput[] {
  return lessons.map((tokens, i) => {
    const beginning = prompted ? (beginnings?.[i] ?? null) : null;
    return weighOutput({ tokens, beginning }, samples);
  });
}

function meanPooled(outputs: readonly WeighedOutput[]): Float32Array {
  const mean = new Float32Array(POOLED_DIMS);
  for (const { tokens } of outputs) {
    for (const [i, value] of pooled(tokens).entries()) mean[i] += value / outputs.length;
  }
  return mean;
}

/** What a sample taught; nothing in an index without lessons. */
export function lessonOf({ lesson }: SamplePoint): Lesson {
  return lesson === null ? { tokens: [], beginning: null } : unpackLesson(lesson.packed);
}
