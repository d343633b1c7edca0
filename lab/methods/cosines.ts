/** Cosines of every output's vector with every row's, in float64. A vector of zeros has a cosine of 0 with anything. */
import { ReptraceError } from '../../lib/errors.ts';
import type { Vectors } from '../features/features.ts';

/**
 * [outputs][rows]. Throws SHAPE_MISMATCH.
 * @param centre taken from every vector first; none by default
 */
export function cosines(outputs: Vectors, rows: Vectors, centre?: ArrayLike<number>): Float64Array[] {
  checkDims(outputs, rows, centre);
  const { dims } = rows;
  const asked = unitRows(outputs, centre);
  const known = unitRows(rows, centre);
  return Array.from({ length: asked.length / dims }, (_, output) => {
    const query = asked.subarray(output * dims, (output + 1) * dims);
    return Float64Array.from({ length: known.length / dims }, (_none, row) => {
      let product = 0;
      for (let i = 0, at = row * dims; i < dims; i++, at++) product += query[i] * known[at];
      return product;
    });
  });
}

/** The vectors of both, end to end: [items, a.dims + b.dims]. Throws SHAPE_MISMATCH when they are not of the same items. */
export function concatenated(a: Vectors, b: Vectors): Vectors {
  const items = a.values.length / a.dims;
  if (items !== b.values.length / b.dims) {
    throw mismatch(`${items} vectors cannot be joined with ${b.values.length / b.dims}`);
  }
  const dims = a.dims + b.dims;
  const values = new Float32Array(items * dims);
  for (let item = 0; item < items; item++) {
    values.set(a.values.subarray(item * a.dims, (item + 1) * a.dims), item * dims);
    values.set(b.values.subarray(item * b.dims, (item + 1) * b.dims), item * dims + a.dims);
  }
  return { dims, values };
}

/** The mean vector, [dims]; zeros of no vectors. */
export function meanVector({ dims, values }: Vectors): Float64Array {
  const mean = new Float64Array(dims);
  for (const [i, value] of values.entries()) mean[i % dims] += (value * dims) / values.length;
  return mean;
}

/** Each score of one mixed with the same of the other. */
export function mixed(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  mix: (a: number, b: number) => number,
): Float64Array[] {
  return a.map((values, output) => values.map((value, row) => mix(value, b[output][row])));
}

function unitRows({ dims, values }: Vectors, centre: ArrayLike<number> | undefined): Float64Array {
  const rows = Float64Array.from(values, (value, i) => value - (centre?.[i % dims] ?? 0));
  for (let at = 0; at < rows.length; at += dims) {
    const row = rows.subarray(at, at + dims);
    let squares = 0;
    for (const value of row) squares += value * value;
    if (squares > 0) for (let i = 0; i < dims; i++) row[i] /= Math.sqrt(squares);
  }
  return rows;
}

function checkDims(outputs: Vectors, rows: Vectors, centre: ArrayLike<number> | undefined): void {
  const { dims } = rows;
  if (outputs.dims !== dims) throw mismatch(`outputs have ${outputs.dims} numbers each, rows ${dims}`);
  if (centre !== undefined && centre.length !== dims) {
    throw mismatch(`the centre has ${centre.length} numbers, rows ${dims}`);
  }
}

function mismatch(message: string): ReptraceError {
  return new ReptraceError(
    'SHAPE_MISMATCH',
    message,
    'Compute the features of rows and outputs with one model.',
  );
}
