/**
 * From a sample's token rows and ratios to its lesson: the most taught of its response tokens, and p, with rows of unit length,
 * the hidden ones measured from a centre. Pure.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import type { SampleBeginning, TaughtToken } from '../../../../lib/taught/lesson.ts';
import type { Signature } from './signature.ts';
import { dot, type Vector } from './vectors.ts';

/** What a lesson is made of; the signature was made with `tokenRows`. */
export type RowsOfSample = Pick<Signature, 'sample' | 'tokenRows'>;

/**
 * The tokens of ratio > 0, the most taught first, of equally taught ones the first first.
 * @param ratios log p_tuned - log p_base of each response token, in nats
 * @param centre [TOKEN_DIMS], the mean of projected hidden rows over the predicting positions of some samples
 * @param limit tokens at most
 * Throws SHAPE_MISMATCH for a centre of another length, or ratios of another sample.
 */
export function lessonOf(
  signature: RowsOfSample,
  ratios: Vector,
  centre: Float32Array,
  limit: number,
): TaughtToken[] {
  const { sample } = signature;
  const { hidden, gradient } = tokenRowsOf(signature);
  expectLength('the centre', centre, TOKEN_DIMS);
  expectLength(`the ratios of sample "${sample.name}"`, ratios, hidden.length / TOKEN_DIMS);
  return Array.from(ratios, (weight, i) => ({ weight, i }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.i - b.i)
    .slice(0, limit)
    .map(({ weight, i }) => ({
      position: sample.promptLength + i,
      weight,
      gradient: unit(Float64Array.from(rowOf(gradient, i))),
      hidden: unit(Float64Array.from(rowOf(hidden, i), (value, d) => value - centre[d])),
    }));
}

/**
 * Of p = promptLength - 1, the first of the predicting positions.
 * @param centre [TOKEN_DIMS], the mean of projected hidden rows at p over some samples
 * Throws as `lessonOf`.
 */
export function beginningOf(signature: RowsOfSample, ratios: Vector, centre: Float32Array): SampleBeginning {
  const { sample } = signature;
  const { hidden, gradient } = tokenRowsOf(signature);
  expectLength('the centre at p', centre, TOKEN_DIMS);
  expectLength(`the ratios of sample "${sample.name}"`, ratios, hidden.length / TOKEN_DIMS);
  return {
    position: sample.promptLength - 1,
    // As it is stored.
    total: Math.fround(
      Array.from(ratios, (weight) => Math.max(0, weight)).reduce((sum, weight) => sum + weight, 0),
    ),
    gradient: unit(Float64Array.from(rowOf(gradient, 0))),
    hidden: unit(Float64Array.from(rowOf(hidden, 0), (value, d) => value - centre[d])),
  };
}

/** [response tokens, TOKEN_DIMS] each. */
export function tokenRowsOf({ sample, tokenRows }: RowsOfSample): NonNullable<Signature['tokenRows']> {
  if (tokenRows === undefined) throw new Error(`sample "${sample.name}" was signed without token rows`);
  return tokenRows;
}

function rowOf(rows: Float32Array, i: number): Float32Array {
  return rows.subarray(i * TOKEN_DIMS, (i + 1) * TOKEN_DIMS);
}

/** Zeros stay zeros. In float64, where the squares of any float32 neither overflow nor vanish. */
function unit(row: Float64Array): Float32Array<ArrayBuffer> {
  const norm = Math.sqrt(dot(row, row));
  return Float32Array.from(row, (value) => (norm === 0 ? 0 : value / norm));
}

function expectLength(operand: string, vector: Vector, length: number): void {
  if (vector.length === length) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `${operand}: ${vector.length} numbers, expected ${length}`,
    'Build the index again with this version.',
  );
}
