/**
 * LiSSA (Agarwal et al., JMLR 2017; Koh and Liang, ICML 2017), as DataInf's authors run it, 10 iterations over all rows:
 *   r_0 = v,  r_j = v + r_{j-1} - α (F + λ) r_{j-1},  (F + λ)⁻¹ v ≈ α r_10
 *
 * α = 1 / (an upper bound of the largest eigenvalue of F + λ), so that it converges whatever the gradients' size. Their code has α = 1,
 * which converges only for gradients shorter than 1, leaves out the last α (which is then 1), and takes λ r from F r instead of
 * adding it: not followed.
 */
import { dampedFisher, dampedInfluence, type TensorGradients } from './damped-influence.ts';
import { dot } from './dot.ts';
import { sketchBytes } from './gradient-parts.ts';
import type { Method } from './method.ts';

const ITERATIONS = 10;

export const LISSA: Method = {
  name: 'lissa',
  title: 'LiSSA',
  source:
    "-IF = Σ over tensors of <g, H⁻¹ g'>, H the damped Fisher matrix, 10 terms of its Neumann series (Koh and Liang 2017)",
  needs: ['gradients'],
  checkpoints: 'last',
  bytesPerRow: (features) => sketchBytes(features, 'last'),
  scores: (features) => dampedInfluence(features, (gradients) => lissa(gradients, ITERATIONS)),
};

export function lissa(gradients: TensorGradients, iterations: number): (v: Float64Array) => Float64Array {
  const { width } = gradients;
  const matrix = dampedFisher(gradients);
  const alpha = 1 / largestEigenvalueBound(matrix, width);
  return (v) => {
    let r = v;
    for (let j = 0; j < iterations; j++) {
      const before = r;
      r = before.map((value, i) => v[i] + value - alpha * dot(matrix, i * width, before, 0, width));
    }
    return r.map((value) => alpha * value);
  };
}

/** The least of three norms of a positive matrix, each at least as large as its eigenvalues. */
function largestEigenvalueBound(matrix: Float64Array, width: number): number {
  let trace = 0;
  let squares = 0;
  let largestRow = 0;
  for (let i = 0; i < width; i++) {
    const row = matrix.subarray(i * width, (i + 1) * width);
    trace += row[i];
    squares += dot(row, 0, row, 0, width);
    largestRow = Math.max(
      largestRow,
      row.reduce((sum, value) => sum + Math.abs(value), 0),
    );
  }
  return Math.min(trace, Math.sqrt(squares), largestRow);
}
