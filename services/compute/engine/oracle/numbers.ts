/**
 * What every oracle of this folder takes and checks.
 *
 * The oracles are the operations of the model in float64 and plain loops: slow, obvious, without a GPU. They say
 * what a kernel should have computed; the unit tests hold each to finite differences, and `reptrace doctor` holds
 * the kernels to them. All arrays are row-major, and results are new arrays: no oracle writes to what it was given.
 *
 * N is the number of packed tokens of a batch: its sequences lie end to end, and `starts` (length B + 1) says
 * where: sequence b is rows starts[b] … starts[b + 1] - 1.
 */
import { ReptraceError } from '../../../../lib/errors.ts';

/** Any array of numbers to read, so that an oracle takes what came back from a GPU as well as float64. */
export type Numbers = ArrayLike<number>;

/** Throws SHAPE_MISMATCH unless the operand has as many elements as its shape (a product of `dims`) says. */
export function checkShape(operand: string, values: Numbers, ...dims: readonly number[]): void {
  const expected = dims.reduce((product, dim) => product * dim, 1);
  if (values.length === expected) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `${operand} has ${values.length} elements, but its shape is [${dims.join(', ')}].`,
    'Give the oracle the shape that the array was made with.',
  );
}

/** Throws INPUT_INVALID unless every id is a row of a table of `rows` rows. */
export function checkIds(operand: string, ids: Numbers, rows: number): void {
  for (let n = 0; n < ids.length; n++) {
    const id = ids[n];
    if (Number.isInteger(id) && id >= 0 && id < rows) continue;
    throw new ReptraceError(
      'INPUT_INVALID',
      `${operand}[${n}] is ${id}, outside 0 … ${rows - 1}.`,
      'Use ids of the vocabulary that the table was made for.',
    );
  }
}

/** A float64 copy of rows first … first + count - 1 of an array [*, width]. */
export function copyRows(values: Numbers, width: number, first: number, count: number): Float64Array {
  const out = new Float64Array(count * width);
  for (let i = 0; i < out.length; i++) out[i] = values[first * width + i];
  return out;
}

/** x · y over `width` elements, from an offset into each. */
export function dot(x: Numbers, xOffset: number, y: Numbers, yOffset: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += x[xOffset + i] * y[yOffset + i];
  return sum;
}
