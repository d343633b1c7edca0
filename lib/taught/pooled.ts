/**
 * One vector a sample for the first stage of a search: [Σ w h ; Σ w g] over its kept tokens, of unit length. Measured on the
 * demo and on SmolLM2, its nearest 300 hold .97 to 1 of the true best 50 for outputs that show a lesson; the outer products Σ w² g (x) h, in 256 to 4,096
 * dimensions, .94 to .98.
 */
import { TOKEN_DIMS } from './constants.ts';
import type { TaughtToken } from './lesson.ts';

export const POOLED_DIMS = 2 * TOKEN_DIMS;

/** [POOLED_DIMS], of unit length; zeros for no tokens. */
export function pooled(tokens: readonly Omit<TaughtToken, 'position'>[]): Float32Array<ArrayBuffer> {
  const sum = new Float64Array(POOLED_DIMS);
  for (const { weight, hidden, gradient } of tokens) {
    for (let i = 0; i < TOKEN_DIMS; i++) {
      sum[i] += weight * hidden[i];
      sum[TOKEN_DIMS + i] += weight * gradient[i];
    }
  }
  const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return Float32Array.from(sum, (value) => (norm === 0 ? 0 : value / norm));
}
