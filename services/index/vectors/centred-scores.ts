/**
 * Cosines at p as taught tokens' scores have them: of hidden states minus their centre, the mean over the index's samples, since
 * hidden states of one model are all alike without that; and of gradients. Means over layers and queries, as everywhere:
 *   hiddenScore = 1/n Σ over layers H·(h' - c) / |h' - c|,   H = mean over the queries of (h - c) / |h - c|,   h' = |h'|·ĥ.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import { meanBlocks, type MeanBlocks } from './query-vector.ts';

/** For each of the index's layers, in order, [width]. */
export type Centres = readonly Float32Array[];

/**
 * [H ; G] of each layer, laid out as the points' vectors; H is zero where the queries have no prompts.
 * Throws SHAPE_MISMATCH. @param queries at least one
 */
export function centredBlocks(
  queries: readonly (readonly LayerVectors[])[],
  centres: Centres,
  prompted: boolean,
  shape: CollectionShape,
): MeanBlocks {
  checkCentres(centres, shape);
  const { width } = shape;
  const mean = meanBlocks(queries, shape);
  for (const [l, centre] of centres.entries()) {
    const block = mean.subarray(2 * l * width, (2 * l + 1) * width).fill(0);
    if (!prompted) continue;
    for (const query of queries) {
      const moved = Float64Array.from(query[l].hidden, (value, i) => value - centre[i]);
      const norm = Math.sqrt(moved.reduce((sum, value) => sum + value * value, 0));
      if (norm === 0) continue;
      for (let i = 0; i < width; i++) block[i] += moved[i] / norm / queries.length;
    }
  }
  return mean;
}

/**
 * What to search unit blocks with for the largest hiddenScore + gradientScore. The store knows H·ĥ, not the cosine of what is
 * centred, H·(h' - c) / |h' - c| = |h'| / |h' - c| · H·ĥ - H·c / |h' - c|. Over the samples of one layer |h'| and |h' - c| are
 * much the same, so both rise together; the factor, which sets the weight of h beside g, is taken from the queries.
 * @param mean of `centredBlocks`
 */
export function centredQueryVector(
  mean: MeanBlocks,
  queries: readonly (readonly LayerVectors[])[],
  centres: Centres,
  { layers, width }: CollectionShape,
): Float32Array {
  const vector = Float32Array.from(mean, (value) => value / layers.length);
  for (const [l, centre] of centres.entries()) {
    let [whole, moved] = [0, 0];
    for (const query of queries) {
      for (const [i, value] of query[l].hidden.entries()) {
        whole += value * value;
        moved += (value - centre[i]) ** 2;
      }
    }
    const factor = moved === 0 ? 1 : Math.sqrt(whole / moved);
    const at = 2 * l * width;
    for (let i = at; i < at + width; i++) vector[i] *= factor;
  }
  return vector;
}

/** In float64. @param mean of `centredBlocks` */
export function centredScores(
  mean: MeanBlocks,
  { vector, norms }: Pick<SamplePoint, 'vector' | 'norms'>,
  centres: Centres,
  { layers, width }: CollectionShape,
): { readonly hiddenScore: number; readonly gradientScore: number } {
  let hiddenScore = 0;
  let gradientScore = 0;
  for (let l = 0; l < layers.length; l++) {
    const at = 2 * l * width;
    const norm = norms[2 * l];
    const centre = centres[l];
    let product = 0;
    let squares = 0;
    let gradient = 0;
    for (let i = 0; i < width; i++) {
      const moved = norm * vector[at + i] - centre[i];
      product += mean[at + i] * moved;
      squares += moved * moved;
      gradient += mean[at + width + i] * vector[at + width + i];
    }
    if (squares > 0) hiddenScore += product / Math.sqrt(squares);
    gradientScore += gradient;
  }
  return { hiddenScore: hiddenScore / layers.length, gradientScore: gradientScore / layers.length };
}

function checkCentres(centres: Centres, { layers, width }: CollectionShape): void {
  if (centres.length === layers.length && centres.every((centre) => centre.length === width)) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `the centres of the hidden states are ${centres.length} of ${centres.map(({ length }) => length).join(', ')} numbers, the index has ${layers.length} layers of ${width}`,
    'Build the index again with this version.',
  );
}
