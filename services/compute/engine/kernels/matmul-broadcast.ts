/**
 * Matrix products by subgroup broadcasts (shaders/matmul_broadcast.wgsl), for software adapters with subgroups of 8 lanes:
 * out[r, c] = sum over i of spread(r, i) * along(i, c). Rows of `spread` are told from lane to lane, columns of `along` are
 * each lane's own. Against outer products (matmul-outer.ts): 1.6 to 1.9 times as fast on llvmpipe, and fewer transposes,
 * since `spread` is read as it lies.
 * Sums are float32.
 */
import type { AdapterReport } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';

/** Lanes of a workgroup, which is one subgroup. */
const LANES = 8;
/** Rows of a tile, as in the shader. */
const ROWS = 16;

/** Vec4s of columns that a lane holds, and how fast that is beside the widest: half the columns, more than half the loads. */
const WIDTHS = [
  { vectors: 1, speed: 0.7 },
  { vectors: 2, speed: 0.87 },
  { vectors: 4, speed: 1 },
] as const;

/** Whether an adapter computes on the processor, 8 lanes at a time. Elsewhere loads cost less than what this spares. */
export function canBroadcast({ software, subgroupSize }: AdapterReport): boolean {
  return software && subgroupSize === LANES;
}

interface Operands {
  /** In stored precision, as it lies from its first row on. */
  readonly weights: Matrix;
  /** Float32, row stride its second dimension. */
  readonly plain: Tensor;
  /** Which of them is spread; the other is along. */
  readonly spread: 'weights' | 'plain' | 'plain by inner';
  /** First column of a spread `plain`, a multiple of 4. */
  readonly firstColumn?: number;
}

export interface MatmulBroadcast extends Operands {
  /** Rows of `spread` that count. */
  readonly rows: number;
  /** Summed over. */
  readonly inner: number;
  /** Columns of `along` that count. */
  readonly columns: number;
  /** out[c, r] instead of out[r, c]. */
  readonly transposed?: boolean;
  /** For each column of out. */
  readonly bias?: Tensor | undefined;
  /** Same layout as out, another buffer. */
  readonly residual?: Tensor | undefined;
  readonly out: Tensor;
  /** First element of out that is written, a multiple of 4. */
  readonly outOffset?: number;
  readonly accumulate?: boolean;
}

/** Shapes are the callers' to check (linear.ts): they name their own operands. */
export function matmulBroadcast(recorder: Recorder, product: MatmulBroadcast): void {
  const { rows, inner, columns, weights, plain, spread, firstColumn = 0 } = product;
  const { transposed = false, bias, residual, out, outOffset = 0, accumulate = false } = product;
  const plainStride = plain.shape[1] ?? 0;
  const ofWeights = spread === 'weights';
  const vectors = vectorsFor(columns);
  const width = transposed ? rows : columns;
  recorder.run(
    {
      shader: 'matmul_broadcast',
      constants: {
        ...{ VECTORS: vectors, SPREAD_WEIGHTS: ofWeights, SPREAD_BY_INNER: spread === 'plain by inner' },
        ...{ TRANSPOSED: transposed, PADDED: width % 4 !== 0, ACCUMULATE: accumulate },
        ...{ HAS_BIAS: bias !== undefined, HAS_RESIDUAL: residual !== undefined },
      },
      weights: weights.dtype,
    },
    [
      ...[rows, inner, columns, ofWeights ? weights.columns : plainStride, firstColumn],
      ...[ofWeights ? plainStride : weights.columns, weights.rowOffset, out.shape[1] ?? 0, outOffset],
    ],
    [weights.buffer, plain.buffer, (bias ?? plain).buffer, (residual ?? plain).buffer, out.buffer],
    [Math.ceil(rows / ROWS), Math.ceil(columns / (LANES * 4 * vectors))],
    2 * rows * inner * columns,
  );
}

/** The width that takes the least time for so many columns, the idle ones of the last tile included. */
function vectorsFor(columns: number): number {
  const cost = ({ vectors, speed }: (typeof WIDTHS)[number]): number => {
    const tile = LANES * 4 * vectors;
    return (Math.ceil(columns / tile) * tile) / speed;
  };
  return WIDTHS.reduce((best, width) => (cost(width) <= cost(best) ? width : best)).vectors;
}
