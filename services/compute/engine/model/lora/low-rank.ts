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
    for (let k = 0; k < rank; k++) {
      const factor = b[row * rank + k];
      const line = k * inputs;
      for (let column = begin; column < end; column++) sums[column] += factor * a[line + column];
    }
    for (let column = begin; column < end; column++) values[at++] += scale * sums[column];
  }
}
