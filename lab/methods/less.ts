/**
 * LESS (Xia et al., ICML 2024, arXiv 2402.04333): Σ over checkpoints t of η̄_t · cos(Γ_t(row), ∇ℓ_t(output)), where Γ is the step that
 * AdamW would take for the row (oracle/gradient-sketch.ts says how, and where the authors' code differs) and the output's gradient
 * is plain; η̄_t is the mean rate of the epoch that ends at t, here of the steps since the checkpoint before, and all are normalised to
 * sum to 1. Gradients are of all trained tensors end to end, projected: by the authors with
 * random signs to 8192 numbers, here tensor by tensor.
 *
 * Their scores are of tasks with several outputs (the mean over a subtask's); an output here is a task of its own.
 */
import { cosines, sketchBytes, sumOverCheckpoints } from './gradient-parts.ts';
import type { Method } from './method.ts';

export const LESS: Method = {
  name: 'less',
  title: 'LESS',
  source:
    "Σ over checkpoints of mean lr · cos(Adam(g), g'), rows corrected by Adam, outputs plain (Xia et al. 2024)",
  needs: ['gradients'],
  checkpoints: 'all',
  bytesPerRow: (features) => sketchBytes(features, 'all'),
  scores: (features) => ({
    byOutput: sumOverCheckpoints(features, ({ rows, outputs }) => [cosines(outputs.gradient, rows.adam)]),
  }),
};
