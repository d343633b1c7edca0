/**
 * The best of all samples by what they taught, none missed: every sample's lesson is held against the question, and only those
 * that may be among the best are read whole and scored. Which may be follows from the score: score 3 is s, and score 2,
 * s · (2 + two cosines), 4 s at most, so that a sample whose s is under a quarter of the lowest score listed cannot be. Lessons are small (lib/taught/lesson.ts),
 * and those who taught little are given up at their first token.
 */
import { PackedScorer } from './packed-scorer.ts';
import { Best, scan, type Place, type Ranked } from './ranked.ts';
import type { TaughtScorer } from './taught-search.ts';

/** Samples near by their lessons that give the first lowest score; twice as many as are wanted, and at least so many. */
const FIRST = 64;
/** Points that are read at once. */
const POINTS_AT_ONCE = 64;
/** What rounding may add to s, or to what it is multiplied with. */
const ROUNDING = 1 + 1e-6;

/** Throws what the store throws. @param top samples wanted */
export async function exactSearch(place: Place, scorer: TaughtScorer, top: number): Promise<Ranked[]> {
  const { store, index, filter } = place;
  const { lessonQuery: query, outputs, score } = scorer;
  const most = scorer.mostFactor * ROUNDING;
  const best = new Best(top);
  const read = async (ids: readonly string[]): Promise<void> => {
    for (const point of await store.points(index, ids)) best.add({ point, ...score(point) });
  };
  const first = Math.max(FIRST, 2 * top);
  const nearest =
    query === null ? [] : await store.nearestLessons(index, { query, top: first, filter, exact: false });
  for (const ids of batches(nearest)) await read(ids);
  const least = (best.border ?? 0) / most;
  // Where not all of the list has been taught any of it, the cosines at p decide, which every sample has.
  if (least <= 0) return await scan(place, top, score);
  const others = await atLeast(place, new PackedScorer(outputs), least, new Set(nearest));
  for (const some of batches(others)) {
    if (some[0].s < (best.border ?? 0) / most) break;
    await read(some.map(({ id }) => id));
  }
  return best.sorted();
}

interface Reachable {
  readonly id: string;
  readonly s: number;
}

/** Those whose s is at least so much, the largest first. @param known ids to leave out */
async function atLeast(
  { store, index, filter }: Place,
  packed: PackedScorer,
  least: number,
  known: ReadonlySet<string>,
): Promise<Reachable[]> {
  const reachable: Reachable[] = [];
  for await (const { ids, bytes, ends } of store.lessons(index, filter)) {
    for (const [i, id] of ids.entries()) {
      const s = packed.score(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]), least);
      if (s >= least && !known.has(id)) reachable.push({ id, s });
    }
  }
  return reachable.sort((a, b) => b.s - a.s);
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += POINTS_AT_ONCE) yield items.slice(at, at + POINTS_AT_ONCE);
}
