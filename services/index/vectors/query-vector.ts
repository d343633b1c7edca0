/**
 * What is searched with, and the scores shown. With H and G the means over the queries of their unit hidden states and unit
 * gradients, n the number of layers and [ĥ ; ĝ] a sample's blocks:
 *   hiddenScore   = 1/n Σ over layers H·ĥ        (the mean over layers and queries of cos(h, h'))
 *   gradientScore = 1/n Σ over layers G·ĝ
 *   score         = alpha · hiddenScore + (1 - alpha) · gradientScore
 * so the store's dot product with [alpha/n H ; (1-alpha)/n G] over all layers is the score, to float32.
 */
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { CollectionShape } from '../stores/signature-store.ts';
import { checkShape, normOf } from './unit-blocks.ts';

/** [layers · 2 · width], float64: H and G of each layer. */
export type MeanBlocks = Float64Array;

export interface Scores {
  readonly score: number;
  readonly hiddenScore: number;
  readonly gradientScore: number;
}

/** Throws SHAPE_MISMATCH. @param queries at least one */
export function meanBlocks(
  queries: readonly (readonly LayerVectors[])[],
  shape: CollectionShape,
): MeanBlocks {
  const { width } = shape;
  const mean = new Float64Array(shape.layers.length * 2 * width);
  for (const query of queries) {
    checkShape(query, shape);
    for (const [block, values] of query.flatMap(({ hidden, gradient }) => [hidden, gradient]).entries()) {
      const norm = normOf(values);
      if (norm === 0) continue;
      for (let i = 0; i < width; i++) mean[block * width + i] += values[i] / norm / queries.length;
    }
  }
  return mean;
}

/** The vector to search with. */
export function queryVector(
  mean: MeanBlocks,
  alpha: number,
  { layers, width }: CollectionShape,
): Float32Array {
  return Float32Array.from(mean, (value, i) => {
    const weight = Math.floor(i / width) % 2 === 0 ? alpha : 1 - alpha;
    return (value * weight) / layers.length;
  });
}

/** In float64. @param vector a sample's unit blocks */
export function scoresOf(
  mean: MeanBlocks,
  vector: Float32Array,
  alpha: number,
  { layers, width }: CollectionShape,
): Scores {
  const sums = [0, 0];
  for (let i = 0; i < mean.length; i++) sums[Math.floor(i / width) % 2] += mean[i] * vector[i];
  const hiddenScore = sums[0] / layers.length;
  const gradientScore = sums[1] / layers.length;
  return { score: alpha * hiddenScore + (1 - alpha) * gradientScore, hiddenScore, gradientScore };
}
