/** W + scale·B·A, for any run of W's elements. Pure. */

/** Row-major: A is [rank, inputs], B is [outputs, rank]. */
export interface Factors {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rank: number;
  readonly inputs: number;
}

/**
 * Adds scale·B·A in place. A sum is made in float64 and rounded once, when it is added.
 * @param values consecutive elements of W [outputs, inputs]
 * @param first how many of its elements come before them; the run may begin and end inside a row
 */
export function addLowRank(values: Float32Array, first: number, factors: Factors, scale: number): void {
  const { a, b, rank, inputs } = factors;
  const sums = new Float64Array(inputs);
  for (let at = 0; at < values.length;) {
    const row = Math.floor((first + at) / inputs);
    const begin = (first + at) % inputs;
    const end = Math.min(inputs, begin + values.length - at);
    sums.fill(0, begin, end);
    let k = 0;
    // Four rows of A at a time: a sum is loaded and stored once for four terms, added in the same order.
    for (; k + 4 <= rank; k += 4) {
      const [b0, b1, b2, b3] = [
        b[row * rank + k],
        b[row * rank + k + 1],
        b[row * rank + k + 2],
        b[row * rank + k + 3],
      ];
      const a0 = k * inputs;
      const [a1, a2, a3] = [a0 + inputs, a0 + 2 * inputs, a0 + 3 * inputs];
      for (let i = begin; i < end; i++) {
        sums[i] = sums[i] + b0 * a[a0 + i] + b1 * a[a1 + i] + b2 * a[a2 + i] + b3 * a[a3 + i];
      }
    }
    for (; k < rank; k++) {
      const factor = b[row * rank + k];
      const line = k * inputs;
      for (let i = begin; i < end; i++) sums[i] += factor * a[line + i];
    }
    for (let i = begin; i < end; i++) values[at++] += scale * sums[i];
  }
}

/** The factors of the transposed matrix: (B·A)ᵀ = Aᵀ·Bᵀ. */
export function transposedFactors({ a, b, rank, inputs }: Factors): Factors {
  const outputs = b.length / rank;
  return { a: transpose(b, outputs, rank), b: transpose(a, rank, inputs), rank, inputs: outputs };
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = values[row * columns + column];
  }
  return out;
}
