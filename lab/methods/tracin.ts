/**
 * TracIn (Pruthi et al., NeurIPS 2020, arXiv 2002.08484, TracInCP): what the steps that were taken on a row did to the loss of the
 * output, to first order: Σ over checkpoints t of η_t · <∇ℓ_t(row), ∇ℓ_t(output)>, over all trained tensors. η_t is the step size
 * between checkpoint t - 1 and t: the mean of the rates there, since they are kept at even distances.
 *
 * TracIn (LN), as in the comparisons of RapidIn and RepT, does not let the tensors with the largest gradients decide: each tensor's
 * gradient is divided by its length first, so that a sum of dot products becomes one of cosines. It is what huawei-lin/RapidIn
 * does to "each layer" (`normalize` of each parameter); RepT's code takes torch's layer_norm of the gradients of each decoder
 * layer instead, whose epsilon of 1e-5 is far above the variance of a usual gradient, so that it hardly normalises: not followed.
 *
 * Both have rates that sum to 1 here, which leaves rankings as they are.
 */
import { cosines, dots, partsOf, sketchBytes, sumOverCheckpoints } from './gradient-parts.ts';
import type { Method } from './method.ts';

export const TRACIN: Method = {
  name: 'tracin',
  title: 'TracIn',
  source:
    "Σ over checkpoints of mean lr · <g, g'>, g the gradient of the trained parameters (Pruthi et al. 2020)",
  needs: ['gradients'],
  checkpoints: 'all',
  bytesPerRow: (features) => sketchBytes(features, 'all'),
  scores: (features) => ({
    byOutput: sumOverCheckpoints(features, ({ rows, outputs }) => [dots(outputs.gradient, rows.gradient)]),
  }),
};

export const TRACIN_LN: Method = {
  name: 'tracin-ln',
  title: 'TracIn (LN)',
  source: "Σ over checkpoints of mean lr · Σ over tensors of cos(g, g') (Lin et al. 2024)",
  needs: ['gradients'],
  checkpoints: 'all',
  bytesPerRow: (features) => sketchBytes(features, 'all'),
  scores: (features) => ({
    byOutput: sumOverCheckpoints(features, function* (checkpoint) {
      for (const { rows, outputs } of partsOf(checkpoint)) yield cosines(outputs, rows);
    }),
  }),
};
