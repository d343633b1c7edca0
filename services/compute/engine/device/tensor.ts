/**
 * A tensor: a region at the start of a GPU buffer with a shape and a dtype, row-major. It owns nothing: the arena or
 * the model that made it frees its buffer.
 */
import { ReptraceError } from '../../../../lib/errors.ts';

export type FloatDtype = 'f32' | 'f16' | 'bf16';
/** ggml's quantised types; how they lie on the GPU is told in model/gguf/quantized-blocks.ts. */
export type QuantizedDtype = 'q4_0' | 'q4_1' | 'q5_0' | 'q5_1' | 'q8_0' | 'q4_k' | 'q5_k' | 'q6_k';
/** Precisions in which model weights are stored on the GPU. */
export type WeightDtype = FloatDtype | QuantizedDtype;
export type Dtype = WeightDtype | 'u32';

export interface Tensor {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** A weight matrix [rows, columns] of a linear operation, or rows of one: `rowOffset` is its first row in `buffer`. */
export interface Matrix {
  readonly buffer: GPUBuffer;
  readonly rows: number;
  readonly columns: number;
  readonly rowOffset: number;
  readonly dtype: WeightDtype;
}

/** What is stored as a whole: so many values in so many bytes. Of quantised types, a block or a pair of them. */
const UNITS: Readonly<Record<Dtype, { readonly values: number; readonly bytes: number }>> = {
  ...{ f32: { values: 1, bytes: 4 }, u32: { values: 1, bytes: 4 } },
  ...{ f16: { values: 1, bytes: 2 }, bf16: { values: 1, bytes: 2 } },
  ...{ q4_0: { values: 64, bytes: 36 }, q4_1: { values: 32, bytes: 20 } },
  ...{ q5_0: { values: 64, bytes: 44 }, q5_1: { values: 32, bytes: 24 }, q8_0: { values: 64, bytes: 68 } },
  ...{
    q4_k: { values: 256, bytes: 144 },
    q5_k: { values: 256, bytes: 176 },
    q6_k: { values: 512, bytes: 420 },
  },
};

export function isWeightDtype(name: string): name is WeightDtype {
  return Object.hasOwn(UNITS, name) && name !== 'u32';
}

export function isQuantized(dtype: Dtype): dtype is QuantizedDtype {
  return dtype.startsWith('q');
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes on the GPU: a quantised matrix ends with a whole block, or pair of blocks. */
export function byteLength(shape: readonly number[], dtype: Dtype): number {
  const { values, bytes } = UNITS[dtype];
  return Math.ceil(elementCount(shape) / values) * bytes;
}

/** Throws SHAPE_MISMATCH, naming the operand, unless a tensor has exactly this shape (and dtype). */
export function expectShape(
  operand: string,
  tensor: Tensor,
  shape: readonly number[],
  dtype: Dtype = 'f32',
): void {
  if (
    tensor.dtype === dtype &&
    tensor.shape.length === shape.length &&
    tensor.shape.every((n, i) => n === shape[i])
  )
    return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `${operand} is ${tensor.dtype}[${tensor.shape.join(', ')}], expected ${dtype}[${shape.join(', ')}]`,
    `Pass ${operand} with the expected shape.`,
  );
}

/** Throws SHAPE_MISMATCH, naming the operand, unless a size is a positive multiple of 4 (kernels load vec4). */
export function expectMultipleOf4(operand: string, size: number): void {
  if (Number.isInteger(size) && size > 0 && size % 4 === 0) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `${operand} is ${size}, expected a positive multiple of 4`,
    `Pad ${operand} to a multiple of 4.`,
  );
}

/** Throws SHAPE_MISMATCH, naming the operand, unless a matrix has this many columns. */
export function expectColumns(operand: string, matrix: Matrix, columns: number): void {
  if (matrix.columns === columns) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    `${operand} is [${matrix.rows}, ${matrix.columns}], expected [.., ${columns}]`,
    `Pass ${operand} with the width of what it is multiplied with or copied to.`,
  );
}

/** The rows [start, start + rows) of a matrix. */
export function matrixRows(matrix: Matrix, start: number, rows: number): Matrix {
  if (start < 0 || start + rows > matrix.rows) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `rows ${start} to ${start + rows} were asked of a matrix with ${matrix.rows}`,
      'Ask for rows within the matrix.',
    );
  }
  return { ...matrix, rows, rowOffset: matrix.rowOffset + start };
}

/** A float32 tensor as a matrix of so many rows and columns. */
export function plainMatrix({ buffer }: Tensor, rows: number, columns: number): Matrix {
  return { buffer, rows, columns, rowOffset: 0, dtype: 'f32' };
}

/** What a float32 matrix lies in, up to its last row. */
export function wholeOf({ buffer, rowOffset, rows }: Matrix, inner: number): Tensor {
  return { buffer, shape: [rowOffset + rows, inner], dtype: 'f32' };
}
