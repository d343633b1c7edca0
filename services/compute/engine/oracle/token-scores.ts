/**
 * Token-level attribution of RepT (arXiv 2510.02334): with unit gradient rows ĝ = g / |g|,
 *   q = sum over the query's rows p … T - 2 of ĝ_i   (unitRowSum),
 *   score[j] = q · ĝ_j for every row j of a training sample   (tokenScores).
 * A row that is exactly zero has no direction: it adds nothing to q, and scores 0.
 * g [N, D], q [D], score [N].
 */
import { type Numbers, checkShape, dot } from './numbers.ts';

export interface UnitRowSum {
  readonly g: Numbers;
  readonly rows: number;
  readonly width: number;
  /** first row of the range */
  readonly first: number;
  /** number of rows of the range */
  readonly count: number;
}

export interface TokenScores {
  readonly query: Numbers;
  readonly g: Numbers;
  readonly rows: number;
  readonly width: number;
}

/** q [D] */
export function unitRowSum({ g, rows, width, first, count }: UnitRowSum): Float64Array {
  checkShape('g', g, rows, width);
  const sum = new Float64Array(width);
  for (let n = first; n < first + count; n++) {
    const norm = Math.sqrt(dot(g, n * width, g, n * width, width));
    if (norm === 0) continue;
    for (let d = 0; d < width; d++) sum[d] += g[n * width + d] / norm;
  }
  return sum;
}

/** score [N] */
export function tokenScores({ query, g, rows, width }: TokenScores): Float64Array {
  checkShape('g', g, rows, width);
  checkShape('query', query, width);
  const scores = new Float64Array(rows);
  for (let n = 0; n < rows; n++) {
    const norm = Math.sqrt(dot(g, n * width, g, n * width, width));
    scores[n] = norm === 0 ? 0 : dot(query, 0, g, n * width, width) / norm;
  }
  return scores;
}
