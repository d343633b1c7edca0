/**
 * Search by the released code's formula (vectors/raw-scores.ts), for comparison. |h| rules it, so the candidates are those of
 * the largest U_h·ĥ, its value for |g'| = 0; the scores are exact. How many of the best may be missed is not measured.
 */
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { CollectionShape } from '../stores/signature-store.ts';
import { meanBlocks, queryVector, scoresOf } from '../vectors/query-vector.ts';
import { rawBlocks, rawScore } from '../vectors/raw-scores.ts';
import { byRank, isSmall, scan, type Place, type Ranked, type Score } from './ranked.ts';

export interface RawQuestion {
  readonly queries: readonly (readonly LayerVectors[])[];
  readonly top: number;
  /** Compare with every sample, whatever it costs. */
  readonly exact: boolean;
}

/**
 * So few samples are all read: that takes as long as choosing some and reading those. Measured in LanceDB, at widths of 64 and
 * 576: the same at 1,000 samples, twice as long at 2,000.
 */
const SCANNED = 1_000;
/** Beyond twice the top. */
const MARGIN = 256;

/** Throws SHAPE_MISMATCH, and what the store throws. */
export async function rawSearch(
  place: Place,
  { queries, top, exact }: RawQuestion,
  shape: CollectionShape,
): Promise<{ readonly ranked: Ranked[]; readonly exact: boolean }> {
  const raw = rawBlocks(queries, shape);
  const mean = meanBlocks(queries, shape);
  const score: Score = (point) => {
    const { hiddenScore, gradientScore } = scoresOf(mean, point.vector, 1, shape);
    return { score: rawScore(raw, point, shape), hiddenScore, gradientScore };
  };
  if (exact || (await isSmall(place, SCANNED))) return { ranked: await scan(place, top, score), exact: true };
  const { store, index, filter } = place;
  const query = queryVector(raw, 1, shape);
  const found = await store.search(index, { query, top: 2 * top + MARGIN, filter, exact: false });
  const ranked = found.map(({ point }): Ranked => ({ point, ...score(point) }));
  return { ranked: ranked.sort(byRank).slice(0, top), exact: false };
}
