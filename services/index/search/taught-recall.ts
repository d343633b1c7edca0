/**
 * How much the first stage of a search by taught tokens misses: measured on the index's own samples when a build ends, told
 * with every answer. Every sample is compared with the questions, so it takes as long as reading the whole index.
 * Half of those who ask are samples that taught much, as an output that shows a lesson asks; half are any samples, since outputs
 * that nothing taught are asked about too, and miss more.
 */
import type { CollectionShape, SamplePoint, SignatureStore } from '../stores/signature-store.ts';
import { Best, isSmall, type Place } from './ranked.ts';
import { spreadSamples } from './spread-samples.ts';
import { lessonOf, SCANNED_LESSONS, TaughtScorer, twoStages } from './taught-search.ts';
import type { TaughtIndex, TaughtQuery } from './taught-search.ts';

/** Of either kind. */
const SAMPLES = 10;
const TOP = 50;
/** Every so manyth of the samples that taught the most. */
const STEP = 10;
/** Reading more would keep a finished build waiting for minutes. */
const MOST_POINTS = 200_000;

/**
 * Mean share of the exact top 50 that a search in two stages finds, over samples that ask for what they taught themselves.
 * null where searches are exact anyway, no sample taught anything, or there are more than MOST_POINTS.
 * @param scanned samples of which all are compared
 */
export async function measureTaughtRecall(
  store: SignatureStore,
  index: string,
  about: TaughtIndex,
  scanned = SCANNED_LESSONS,
): Promise<number | null> {
  const place = { store, index, filter: undefined };
  if ((await isSmall(place, scanned)) || (await store.count(index)) > MOST_POINTS) return null;
  const most = await store.mostTaught(index, SAMPLES * STEP);
  const ids = most.filter((_, i) => i % STEP === 0).map(({ id }) => id);
  const samples = [
    ...(await store.points(index, ids)),
    ...(await spreadSamples(store, index, about.shape, SAMPLES)),
  ];
  const questions = samples
    .map((point) => questionOf(point, about.shape))
    .filter(({ lessons }) => lessons[0].length > 0);
  return questions.length === 0 ? null : await taughtRecall(place, questions, about, TOP);
}

/** Mean share of the exact `top` that is found in two stages. @param questions at least one */
export async function taughtRecall(
  place: Place,
  questions: readonly TaughtQuery[],
  about: TaughtIndex,
  top: number,
): Promise<number> {
  const { store, index, filter } = place;
  const asked = questions.map((query) => {
    const scorer = new TaughtScorer(query, about);
    return { scorer, best: new Best(top) };
  });
  for await (const page of store.scan(index, filter)) {
    for (const point of page) {
      const lesson = lessonOf(point);
      for (const { scorer, best } of asked) best.add({ point, ...scorer.score(point, lesson) });
    }
  }
  let sum = 0;
  for (const { scorer, best } of asked) {
    const found = await twoStages(place, scorer, top);
    const ids = new Set(found.map(({ point }) => point.id));
    const exact = best.sorted();
    sum += exact.length === 0 ? 1 : exact.filter(({ point }) => ids.has(point.id)).length / exact.length;
  }
  return sum / questions.length;
}

/** A sample as a question, with a prompt. */
function questionOf(sample: SamplePoint, { layers, width }: CollectionShape): TaughtQuery {
  const { vector, norms } = sample;
  const block = (i: number): Float32Array =>
    vector.slice(i * width, (i + 1) * width).map((value) => value * norms[i]);
  const { tokens, beginning } = lessonOf(sample);
  const query = layers.map((layer, l) => ({ layer, hidden: block(2 * l), gradient: block(2 * l + 1) }));
  return {
    queries: [query],
    lessons: [tokens],
    beginnings: beginning && [beginning],
    prompted: true,
  };
}
