/**
 * The order of search hits, the same whichever store answers. Stores sum in float32, each in its own order, so their scores
 * differ in the last bits; here the candidates that a store names are scored again in float64 and ordered by that, then by
 * row. Candidates are asked for beyond `top` until the last one is clearly worse than the one at the border, so that near
 * ties there do not depend on the store.
 */
import type { Hit, SamplePoint } from './signature-store.ts';

/** What a store finds before the full points are read. */
export interface Candidate {
  readonly id: string;
  readonly row: number;
  /** The store's float32 dot product. */
  readonly score: number;
}

export interface CandidateSource {
  /** The best `limit` points by the store's own score; fewer only when there are no more. */
  nearest(limit: number): Promise<Candidate[]>;
  /** Those of the points that are there. */
  load(ids: readonly string[]): Promise<SamplePoint[]>;
}

/** Points with the same score as the one at the border are looked through up to this many. */
const WIDEST = 65_536;
/** Near ties at the border that are read and scored again, at most. */
const CLOSE = 256;

/** Candidates to begin with: an approximate search misses fewer of the best when it is asked for more. */
export function firstCandidates(top: number, exact: boolean): number {
  return exact ? top + Math.max(16, Math.ceil(top / 4)) : Math.max(4 * top, 100);
}

/**
 * The best `top` points of a source, best first, ties by row.
 * @param vectorNorm at least the norm of every stored vector
 * @param first candidates to begin with, at least `top`
 */
export async function rank(
  query: Float32Array,
  top: number,
  vectorNorm: number,
  first: number,
  source: CandidateSource,
): Promise<Hit[]> {
  const margin = 2 * float32DotError(query, vectorNorm);
  const candidates = await widened(top, margin, first, source);
  const border = candidates.at(top - 1)?.score ?? -Infinity;
  const close = candidates.filter(({ score }) => score >= border - margin).slice(0, top + CLOSE);
  const points = await source.load(close.map(({ id }) => id));
  return points
    .map((point) => ({ point, score: dot64(query, point.vector) }))
    .sort((a, b) => b.score - a.score || a.point.row - b.point.row || compareText(a.point.id, b.point.id))
    .slice(0, top);
}

/** Asks for more until what lies beyond can no longer belong to the top. Sorted by score, then row. */
async function widened(
  top: number,
  margin: number,
  first: number,
  source: CandidateSource,
): Promise<Candidate[]> {
  for (let limit = first; ; limit = Math.min(limit * 4, Math.max(first, WIDEST))) {
    const found = await source.nearest(limit);
    found.sort(byScore);
    const complete = found.length < limit || limit >= WIDEST;
    if (complete || found[found.length - 1].score < found[top - 1].score - margin) return found;
  }
}

/** Best first, ties by row. */
export function byScore(a: Candidate, b: Candidate): number {
  return b.score - a.score || a.row - b.row;
}

/** Dot product of two vectors of the same length, in float64. */
export function dot64(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * How far a float32 dot product may reasonably be from the true one: rounding errors of n terms add up like sqrt(n) of
 * 2^-24, with room for the store's own rounding of the result (LanceDB keeps 1 - dot).
 */
function float32DotError(query: Float32Array, vectorNorm: number): number {
  const size = Math.sqrt(dot64(query, query)) * vectorNorm;
  return 2 ** -23 * (1 + (1 + Math.sqrt(query.length)) * size);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
