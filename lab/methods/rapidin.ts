/**
 * RapidIn (Lin et al., ACL 2024, arXiv 2405.11724): the gradient of each tensor is divided by its length, all are laid end to end and
 * compressed by RapidGrad (one permutation, one vector of random signs, sums of equal groups: a CountSketch), and rows and
 * outputs compared by dot product. The permutation and the signs are drawn once, from a seed, for rows and outputs alike: drawn
 * anew for each, as in RepT's code, they leave nothing to compare.
 *
 * Here the tensors are sketched each on its own, to K / tensors numbers (kernels/gradient-sketch.ts), and then divided by the
 * sketch's length; the dot product is divided by the lengths of both, which differ only where a tensor has no gradient at all.
 */
import {
  addScores,
  cosines,
  itemsOf,
  lengths,
  lastCheckpoint,
  noScores,
  partsOf,
  sketchBytes,
} from './gradient-parts.ts';
import type { Vectors } from '../features/features.ts';
import type { Method } from './method.ts';

export const RAPIDIN: Method = {
  name: 'rapidin',
  title: 'RapidIn',
  source:
    "cos(RapidGrad(g), RapidGrad(g')), each tensor's gradient of unit length, last checkpoint (Lin et al. 2024)",
  needs: ['gradients'],
  checkpoints: 'last',
  bytesPerRow: (features) => sketchBytes(features, 'last'),
  scores: (features) => {
    const checkpoint = lastCheckpoint(features);
    const byOutput = noScores(checkpoint);
    const parts = {
      rows: new Float64Array(itemsOf(checkpoint.rows.gradient)),
      outputs: new Float64Array(byOutput.length),
    };
    for (const { rows, outputs } of partsOf(checkpoint)) {
      addScores(byOutput, cosines(outputs, rows), 1);
      countUnits(parts.rows, rows);
      countUnits(parts.outputs, outputs);
    }
    byOutput.forEach((scores, output) => {
      scores.forEach((score, row) => {
        const length = Math.sqrt(parts.outputs[output] * parts.rows[row]);
        scores[row] = length === 0 ? 0 : score / length;
      });
    });
    return { byOutput };
  },
};

/** Counts for each item the tensors that have unit length: all but those of zeros. */
function countUnits(counts: Float64Array, vectors: Vectors): void {
  lengths(vectors).forEach((length, item) => {
    if (length > 0) counts[item] += 1;
  });
}
