/**
 * The released code's formula: at each layer the cosine of [h ; g] and [h' ; g'], concatenated as the model has them; the mean
 * over layers (and queries). |h| is 100 to 1,000 times |g|, so it is nearly the cosine of h alone: kept for comparison.
 *
 * With U the mean over the queries of [h ; g] / |[h ; g]|, and h' = |h'|·ĥ, g' = |g'|·ĝ from what is stored, it is
 *   (|h'| U_h·ĥ + |g'| U_g·ĝ) / √(|h'|² + |g'|²).
 */
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import type { MeanBlocks } from './query-vector.ts';
import { checkShape, normOf } from './unit-blocks.ts';

/** U of each layer, laid out as the points' vectors. Throws SHAPE_MISMATCH. @param queries at least one */
export function rawBlocks(queries: readonly (readonly LayerVectors[])[], shape: CollectionShape): MeanBlocks {
  const { width } = shape;
  const mean = new Float64Array(shape.layers.length * 2 * width);
  for (const query of queries) {
    checkShape(query, shape);
    for (const [l, { hidden, gradient }] of query.entries()) {
      const norm = Math.hypot(normOf(hidden), normOf(gradient));
      if (norm === 0) continue;
      for (let i = 0; i < width; i++) {
        mean[2 * l * width + i] += hidden[i] / norm / queries.length;
        mean[(2 * l + 1) * width + i] += gradient[i] / norm / queries.length;
      }
    }
  }
  return mean;
}

/** In float64. @param raw of `rawBlocks` */
export function rawScore(
  raw: MeanBlocks,
  { vector, norms }: Pick<SamplePoint, 'vector' | 'norms'>,
  { layers, width }: CollectionShape,
): number {
  let sum = 0;
  for (let l = 0; l < layers.length; l++) {
    const [hiddenNorm, gradientNorm] = [norms[2 * l], norms[2 * l + 1]];
    const norm = Math.hypot(hiddenNorm, gradientNorm);
    if (norm === 0) continue;
    const at = 2 * l * width;
    let hidden = 0;
    let gradient = 0;
    for (let i = at; i < at + width; i++) {
      hidden += raw[i] * vector[i];
      gradient += raw[i + width] * vector[i + width];
    }
    sum += (hiddenNorm * hidden + gradientNorm * gradient) / norm;
  }
  return sum / layers.length;
}
