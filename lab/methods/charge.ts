/** What of the time that gradients took a method is charged with. */
import type { Features } from '../features/features.ts';
import type { Method } from './method.ts';

/**
 * Share of the pass over all kept checkpoints' gradients. One that looks at the last alone would not have had the others made: each
 * takes as many gradients, of the same rows and outputs, and so as long.
 */
export function gradientShare(
  { checkpoints = 'all' }: Pick<Method, 'checkpoints'>,
  { rows }: Features,
): number {
  return checkpoints === 'all' ? 1 : 1 / Math.max(1, rows.checkpoints.length);
}
