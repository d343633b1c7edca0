/**
 * Search by taught tokens (lib/taught/score.ts). In an index of some thousands of samples, and where exactness is asked, all of
 * them are compared (exact-search.ts). In larger ones it is done in two stages: the store names candidates by each of the score's
 * two factors, what was taught and where, and those are scored token by token.
 */
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { Evidence } from '../../../lib/mesh/index-messages.ts';
import type { TaughtToken } from '../../../lib/taught/lesson.ts';
import { unpackLesson } from '../../../lib/taught/lesson.ts';
import { pooled, POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import { weighByRarity } from '../../../lib/taught/rarity.ts';
import { LessonQuery, placeFactor, strongest } from '../../../lib/taught/score.ts';
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
  /** Whether the queries have prompts; without, h at p counts as 0. */
  readonly prompted: boolean;
}

/** What is known of the index that is searched. */
export interface TaughtIndex {
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
  /** Of each query, the most taught tokens, weighed by how unusual what they show is in the index. */
  readonly lessons: readonly (readonly TaughtToken[])[];
  readonly #lessons: readonly LessonQuery[];
  readonly #mean: MeanBlocks;
  readonly #centres: Centres;
  readonly #shape: CollectionShape;

  /** Throws SHAPE_MISMATCH. */
  constructor({ queries, lessons, prompted }: TaughtQuery, { shape, centres, samples }: TaughtIndex) {
    this.lessons = lessons.map((tokens) => weighByRarity(tokens, samples));
    this.#lessons = this.lessons.map((tokens) => new LessonQuery(tokens));
    this.#mean = centredBlocks(queries, centres, prompted, shape);
    this.#centres = centres;
    this.#shape = shape;
    this.placeQuery = centredQueryVector(this.#mean, queries, centres, shape);
    this.lessonQuery = lessons.some((tokens) => tokens.length > 0) ? meanPooled(this.lessons) : null;
  }

  /**
   * score = s · (2 + max(0, hiddenScore) + max(0, gradientScore)), of which s is the mean over the queries, and both cosines are centred-scores.ts's.
   * @param tokens the point's, for callers that have several questions about it: unpacking takes as long as scoring
   */
  readonly score = (point: SamplePoint, tokens: readonly TaughtToken[] = tokensOf(point)): Scores => {
    const { hiddenScore, gradientScore } = centredScores(this.#mean, point, this.#centres, this.#shape);
    const s = this.#lessons.reduce((sum, lesson) => sum + lesson.score(tokens), 0) / this.#lessons.length;
    return { score: s * placeFactor(hiddenScore, gradientScore), hiddenScore, gradientScore };
  };

  /** Which token of which query met which of the sample's: parts of s. */
  readonly evidence = (point: SamplePoint): Evidence[] => {
    const tokens = tokensOf(point);
    const pairs = this.#lessons.flatMap((lesson, output) =>
      lesson
        .explain(tokens)
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

function meanPooled(lessons: readonly (readonly TaughtToken[])[]): Float32Array {
  const mean = new Float32Array(POOLED_DIMS);
  for (const tokens of lessons) {
    for (const [i, value] of pooled(tokens).entries()) mean[i] += value / lessons.length;
  }
  return mean;
}

/** What a sample taught; none in an index without lessons. */
export function tokensOf({ lesson }: SamplePoint): TaughtToken[] {
  return lesson === null ? [] : unpackLesson(lesson.packed);
}
