/**
 * Matrix products by tiles staged in workgroup memory (shaders/matmul_staged.wgsl), for GPUs: out[r, c] = sum over i of
 * a(r, i) b(i, c), each operand read as it lies.
 * Sums are float32.
 */
import type { KernelSpec, KernelType } from '../device/kernel.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';

export interface StagedTile {
  /** Rows and columns of out that a workgroup makes. */
  readonly side: 64 | 128;
  /** How operands are kept in workgroup memory. */
  readonly kept: KernelType;
}

export interface MatmulStaged {
  readonly rows: number;
  /** Summed over. */
  readonly inner: number;
  readonly columns: number;
  /** Float32, row stride its second dimension: [rows, ..], or [inner, ..] where `aByInner`. */
  readonly a: Tensor;
  readonly aByInner: boolean;
  /** A power of two: a is multiplied by it before it is rounded, and sums are divided by it. Default 1. */
  readonly aScale?: number;
  /** First column of a row-major a, a multiple of 4. */
  readonly firstColumn?: number;
  /** [columns, inner], or [inner, columns] where `bByInner`, in stored precision. */
  readonly b: Matrix;
  readonly bByInner: boolean;
  /** [columns]. */
  readonly bias?: Tensor | undefined;
  /** Same layout as out, another buffer. */
  readonly residual?: Tensor | undefined;
  readonly out: Tensor;
  /** First element of out that is written, a multiple of 4. */
  readonly outOffset?: number;
  readonly accumulate?: boolean;
}

const DEPTH = 16;
const BUFFERS = 2;
const OPERANDS = 2;

/** Bytes of workgroup memory that a tile takes. */
export function stagedBytes({ side, kept }: StagedTile): number {
  return OPERANDS * BUFFERS * DEPTH * side * (kept === 'vec4h' ? 2 : 4);
}

export function matmulStaged(recorder: Recorder, { side, kept }: StagedTile, product: MatmulStaged): void {
  runStaged(recorder, { shader: 'matmul_staged', side, constants: { KEPT: kept } }, product);
}

export interface StagedKernel {
  readonly shader: string;
  /** Rows and columns of out that a workgroup makes. */
  readonly side: number;
  /** Those of the shader's own. */
  readonly constants: Exclude<KernelSpec['constants'], undefined>;
}

/** Shapes are the callers' to check (linear.ts): they name their own operands. */
export function runStaged(
  recorder: Recorder,
  { shader, side, constants }: StagedKernel,
  product: MatmulStaged,
): void {
  const { rows, inner, columns, a, aByInner, aScale = 1, firstColumn = 0, b, bByInner } = product;
  const { bias, residual, out, outOffset = 0, accumulate = false } = product;
  recorder.run(
    {
      shader,
      constants: {
        ...{ ...constants, TILE: side, A_BY_INNER: aByInner, A_SCALE: aScale, B_BY_INNER: bByInner },
        ...{ ACCUMULATE: accumulate, HAS_BIAS: bias !== undefined, HAS_RESIDUAL: residual !== undefined },
      },
      weights: b.dtype,
    },
    [
      ...[rows, inner, columns, a.shape[1] ?? 0, firstColumn],
      ...[b.columns, b.rowOffset, out.shape[1] ?? 0, outOffset],
    ],
    [a.buffer, b.buffer, (bias ?? a).buffer, (residual ?? a).buffer, out.buffer],
    [Math.ceil(columns / side), Math.ceil(rows / side)],
    2 * rows * inner * columns,
  );
}
