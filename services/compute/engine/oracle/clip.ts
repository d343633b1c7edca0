/**
 * Gradient clipping by the global norm, as torch.nn.utils.clip_grad_norm_ does it:
 *   norm = sqrt(sum of squares over all gradients),   factor = min(1, maxNorm / (norm + 1e-6)).
 */
import type { Numbers } from './numbers.ts';
import { sumOfSquares } from './reduce.ts';

/** PyTorch's guard against a zero norm. */
const NORM_GUARD = 1e-6;

export function globalNorm(gradients: Iterable<Numbers>): number {
  let squares = 0;
  for (const gradient of gradients) squares += sumOfSquares(gradient);
  return Math.sqrt(squares);
}

export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + NORM_GUARD));
}
