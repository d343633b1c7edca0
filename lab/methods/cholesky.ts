/** Solves A x = b for a symmetric positive definite matrix, through A = L Lᵀ, in float64. */
import { ReptraceError } from '../../lib/errors.ts';
import { dot } from './dot.ts';

/**
 * @param matrix A, [size, size]; its lower triangle is read
 * Throws NOT_FINITE where A is not positive definite.
 * @returns b -> x, both [size]
 */
export function choleskySolver(matrix: Float64Array, size: number): (b: Float64Array) => Float64Array {
  const lower = factor(matrix, size);
  return (b) => {
    const x = new Float64Array(size);
    for (let i = 0; i < size; i++) x[i] = (b[i] - dot(lower, i * size, x, 0, i)) / lower[i * size + i];
    for (let i = size - 1; i >= 0; i--) {
      x[i] /= lower[i * size + i];
      for (let j = 0; j < i; j++) x[j] -= lower[i * size + j] * x[i];
    }
    return x;
  };
}

/** L, [size, size], zeros above its diagonal. */
function factor(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const rest = matrix[i * size + j] - dot(lower, i * size, lower, j * size, j);
      lower[i * size + j] = rest / lower[j * size + j];
    }
    const pivot = matrix[i * size + i] - dot(lower, i * size, lower, i * size, i);
    if (!(pivot > 0)) throw notPositive(i, pivot);
    lower[i * size + i] = Math.sqrt(pivot);
  }
  return lower;
}

function notPositive(i: number, pivot: number): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `a matrix that should be positive definite has a pivot of ${pivot} in row ${i}`,
    'Compute the gradients again; a damping above 0 makes the matrix positive.',
  );
}
