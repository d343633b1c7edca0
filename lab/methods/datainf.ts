/**
 * DataInf (Kwon et al., ICLR 2024, arXiv 2310.00902, equation 5): the inverse of a mean of rank-one matrices is taken for the mean of
 * their inverses, each of which Sherman and Morrison give in closed form:
 *   (F + λ)⁻¹ v ≈ 1/(nλ) · Σ_i (v - <v, g_i> / (λ + |g_i|²) · g_i)
 */
import { dampedInfluence, type TensorGradients } from './damped-influence.ts';
import { dot } from './dot.ts';
import { sketchBytes } from './gradient-parts.ts';
import type { Method } from './method.ts';

export const DATAINF: Method = {
  name: 'datainf',
  title: 'DataInf',
  source:
    "-IF = Σ over tensors of <g, H⁻¹ g'>, H⁻¹ the mean of the rows' own (g gᵀ + λ)⁻¹ (Kwon et al. 2024)",
  needs: ['gradients'],
  checkpoints: 'last',
  bytesPerRow: (features) => sketchBytes(features, 'last'),
  scores: (features) => dampedInfluence(features, dataInf),
};

/** Exact for a single row. */
export function dataInf({
  values,
  count,
  width,
  damping,
}: TensorGradients): (v: Float64Array) => Float64Array {
  const divisors = Float64Array.from(
    { length: count },
    (_, i) => damping + dot(values, i * width, values, i * width, width),
  );
  return (v) => {
    const solved = v.map((value) => value / damping);
    divisors.forEach((divisor, i) => {
      const weight = dot(v, 0, values, i * width, width) / (divisor * count * damping);
      for (let j = 0, at = i * width; j < width; j++, at++) solved[j] -= weight * values[at];
    });
    return solved;
  };
}
