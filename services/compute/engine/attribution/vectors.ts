/** Products of vectors in float64, whatever they are stored in. A vector of zeros has cosine 0 with everything. */

export type Vector = Float32Array | Float64Array | readonly number[];

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function cosine(a: Vector, b: Vector): number {
  const product = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return product === 0 ? 0 : dot(a, b) / product;
}

/**
 * The sum of unit rows begin … end - 1 of a matrix [.., width]; a row of zeros adds nothing.
 * @param rows row-major
 */
export function unitRowSum(
  rows: Float32Array,
  width: number,
  begin: number,
  end: number,
): Float32Array<ArrayBuffer> {
  const sum = new Float64Array(width);
  for (let row = begin; row < end; row++) {
    const vector = rows.subarray(row * width, (row + 1) * width);
    const norm = Math.sqrt(dot(vector, vector));
    if (norm === 0) continue;
    for (let i = 0; i < width; i++) sum[i] += vector[i] / norm;
  }
  return Float32Array.from(sum);
}
