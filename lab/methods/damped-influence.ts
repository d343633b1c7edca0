/**
 * Influence functions with the damped Fisher matrix of the rows' gradients, tensor by tensor, at the last checkpoint:
 *   score(row, output) = Σ over tensors l of <g_row, (F_l + λ_l)⁻¹ g_output>,  F_l = mean over rows of g gᵀ,
 *   λ_l = .1 · mean over rows of |g|² / d_l, d_l the numbers of the tensor (Kwon et al., ICLR 2024, arXiv 2310.00902, section 5).
 *
 * The sign: IF(row, output) = -g_outputᵀ H⁻¹ g_row is how much the output's loss GROWS when the row weighs more, so the
 * responsible rows have the lowest IF. The score is -IF: the higher, the more responsible. (DataInf's notebooks multiply by -1 for
 * this; RepT's code does not, and so retrieves the rows that oppose the output.)
 *
 * All is done in sketched space: a sketch keeps inner products in the mean, and λ_l with d_l of the tensor is what it would be without.
 */
import type { Features, Vectors } from '../features/features.ts';
import { dot } from './dot.ts';
import { itemsOf, lastCheckpoint, noScores, partsOf } from './gradient-parts.ts';
import type { Scores } from './method.ts';

/** λ as a share of the mean square of a row's gradient: DataInf's `lambda_const_param` of 10. */
export const DAMPING = 0.1;

/** The rows' gradients of one tensor. */
export interface TensorGradients {
  /** [count, width] */
  readonly values: Float64Array;
  readonly count: number;
  readonly width: number;
  /** λ, above 0. */
  readonly damping: number;
}

/** Prepares (F + λ)⁻¹ v, or what a method takes for it, of vectors v of a tensor: [width] in and out. */
export type InverseOf = (gradients: TensorGradients) => (v: Float64Array) => Float64Array;

/** Tensors for which no row has a gradient say nothing and are passed over. Throws as `lastCheckpoint` does. */
export function dampedInfluence(features: Features, inverseOf: InverseOf): Scores {
  const checkpoint = lastCheckpoint(features);
  const byOutput = noScores(checkpoint);
  for (const { rows, outputs, size } of partsOf(checkpoint)) {
    const damping = (DAMPING * meanSquare(rows)) / size;
    if (!(damping > 0)) continue;
    const [width, count] = [rows.dims, itemsOf(rows)];
    const values = Float64Array.from(rows.values);
    const inverse = inverseOf({ values, count, width, damping });
    for (const [output, scores] of byOutput.entries()) {
      const solved = inverse(
        Float64Array.from(outputs.values.subarray(output * width, (output + 1) * width)),
      );
      for (let row = 0; row < count; row++) scores[row] += dot(solved, 0, values, row * width, width);
    }
  }
  return { byOutput };
}

/** F + λ, [width, width]. */
export function dampedFisher({ values, count, width, damping }: TensorGradients): Float64Array {
  // By columns, so that each number of the matrix is one sum over what lies together.
  const columns = new Float64Array(width * count);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) columns[i * count + row] = values[row * width + i];
  }
  const fisher = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = dot(columns, i * count, columns, j * count, count) / count;
      fisher[i * width + j] = mean;
      fisher[j * width + i] = mean;
    }
    fisher[i * width + i] += damping;
  }
  return fisher;
}

/** Mean over rows of |g|². */
function meanSquare(rows: Vectors): number {
  let sum = 0;
  for (const value of rows.values) sum += value * value;
  return sum / itemsOf(rows);
}
