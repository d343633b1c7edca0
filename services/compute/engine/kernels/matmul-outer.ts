/**
 * Matrix product as a sum of outer products, out = aT b, and what brings operands into its form: the transpose, and
 * widening, for stored precisions that cost more to read than float32.
 * Shapes: a [inner, a stride], b a matrix with `inner` rows in stored precision, out [.., out stride]; strides are multiples
 * of 4. Sums are float32.
 */
import type { Scope } from '../device/arena.ts';
import { flatGrid, type Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';

export interface MatmulOuter {
  /** Of out: at most a's stride. */
  readonly rows: number;
  /** Of out; where no multiple of 4, b and out are padded to one. */
  readonly columns: number;
  readonly a: Tensor;
  readonly b: Matrix | Tensor;
  /** [columns]. */
  readonly bias?: Tensor | undefined;
  /** Same layout as out, another buffer. */
  readonly residual?: Tensor | undefined;
  readonly out: Tensor;
  /** First element of out that is written, a multiple of 4. */
  readonly outOffset?: number;
  readonly accumulate?: boolean;
}

/** Shapes are the callers' to check (linear.ts): they name their own operands. */
export function matmulOuter(recorder: Recorder, product: MatmulOuter): void {
  const { rows, columns, a, b, bias, residual, out, outOffset = 0, accumulate = false } = product;
  const [inner = 0, aStride = 0] = a.shape;
  const right = 'shape' in b ? matrixOf(b) : b;
  const constants = {
    ACCUMULATE: accumulate,
    HAS_BIAS: bias !== undefined,
    HAS_RESIDUAL: residual !== undefined,
  };
  recorder.run(
    { shader: 'matmul_outer', constants, weights: right.dtype },
    [rows, inner, columns, aStride, right.columns, right.rowOffset, out.shape[1] ?? 0, outOffset],
    [a.buffer, right.buffer, (bias ?? a).buffer, (residual ?? a).buffer, out.buffer],
    [Math.ceil(columns / 64), Math.ceil(rows / 16)],
    2 * rows * inner * columns,
  );
}

/**
 * A new tensor of `scope` with the transpose of a matrix in float32, [columns, rows rounded up to 4], padded with zeros.
 * @param layout where the matrix lies in wider rows: their length, and the first column taken (multiples of 4)
 */
export function transpose(
  recorder: Recorder,
  scope: Scope,
  source: Matrix,
  layout: { readonly stride: number; readonly firstColumn: number } = {
    stride: source.columns,
    firstColumn: 0,
  },
): Tensor {
  const { rows, columns, rowOffset } = source;
  const out = scope.take([columns, Math.ceil(rows / 4) * 4]);
  recorder.run(
    { shader: 'transpose', weights: source.dtype },
    [rows, columns, layout.stride, rowOffset, layout.firstColumn],
    [source.buffer, out.buffer],
    [Math.ceil(columns / 32), Math.ceil(rows / 32)],
    rows * columns,
  );
  return out;
}

/** A new tensor of `scope` with the rows of a matrix in float32, to the last bit what kernels make of them. */
export function widen(recorder: Recorder, scope: Scope, source: Matrix): Tensor {
  const { rows, columns, rowOffset } = source;
  const out = scope.take([rows, columns]);
  const vectors = (rows * columns) / 4;
  recorder.run(
    { shader: 'widen', weights: source.dtype },
    [vectors, columns / 4, rowOffset],
    [source.buffer, out.buffer],
    flatGrid(Math.ceil(vectors / 64)),
    rows * columns,
  );
  return out;
}

function matrixOf({ buffer, shape }: Tensor): Matrix {
  return { buffer, rows: shape[0] ?? 0, columns: shape[1] ?? 0, rowOffset: 0, dtype: 'f32' };
}
