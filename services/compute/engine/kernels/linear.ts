/**
 * Linear layer, its three products: y = x wT (+ bias) (+ residual), dx = dy w, dw = dyT x.
 * Shapes: x, dx [rows, inner], w [columns, inner] in stored precision, y, dy [rows, columns] (rows may be padded to a
 * longer stride), dw like w in float32, bias [columns]. Sums are float32. inner is a multiple of 4.
 *
 * For a few rows (decoding) dot products of rows as they lie; for more, where scratch memory is given, the variant that suits
 * the adapter (linear-choice.ts).
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import { expectColumns, expectMultipleOf4, expectShape, type Matrix, type Tensor } from '../device/tensor.ts';
import { linearVariant } from './linear-choice.ts';
import { LinearInput } from './linear-input.ts';
import { ReptraceError } from '../../../../lib/errors.ts';

export * as oracle from '../oracle/linear.ts';

/** Rows of the register tile that waste the least on a few rows (decoding), 8 from there on. */
function tileRows(rows: number): number {
  return rows <= 1 ? 1 : rows <= 2 ? 2 : rows <= 4 ? 4 : 8;
}

/** From here on a tile is worth its transposes. */
const TILED_ROWS = 16;

/** Scratch memory for transposes; without it every product takes its operands as they lie. */
interface Scratch {
  readonly scratch?: Scope;
}

export interface LinearForward extends Scratch {
  /** An input serves several layers that read it: what one of them made of it is there for the others. */
  readonly x: Tensor | LinearInput;
  readonly w: Matrix;
  readonly bias?: Tensor | undefined;
  /** Added to y, same layout as y, another buffer. */
  readonly residual?: Tensor | undefined;
  /** [rows, stride]: a stride of at least `columns` (rounded up to 4), a multiple of 4. */
  readonly y: Tensor;
  /** Column of y at which this product starts; a multiple of 4. */
  readonly column?: number;
}

export function forward(recorder: Recorder, linear: LinearForward): void {
  const { x, w, bias, residual, y, column = 0, scratch } = linear;
  const [rows, inner] = rowsOf('x', x);
  expectColumns('w', w, inner);
  const stride = strideOf('y', y, rows, column, w.rows);
  if (bias !== undefined) expectShape('bias', bias, [w.rows]);
  if (residual !== undefined) expectShape('residual', residual, y.shape);
  if (scratch !== undefined && rows >= TILED_ROWS) {
    const input = x instanceof LinearInput ? x : new LinearInput(recorder, scratch, x);
    const product = { rows, inner, input, w, bias, residual, y, column };
    const kind = { way: 'forward', rows, inner, columns: w.rows, dtype: w.dtype } as const;
    linearVariant(recorder.gpu, kind).forward(recorder, scratch, product);
    if (input !== x) input.end();
    return;
  }
  const tile = tileRows(rows);
  const plain = x instanceof LinearInput ? x.x : x;
  recorder.run(
    {
      shader: 'linear_forward',
      constants: { TILE_ROWS: tile, HAS_BIAS: bias !== undefined, HAS_RESIDUAL: residual !== undefined },
      weights: w.dtype,
    },
    [rows, inner, w.rows, stride, column, w.rowOffset],
    [plain.buffer, w.buffer, (bias ?? plain).buffer, (residual ?? plain).buffer, y.buffer],
    [Math.ceil(w.rows / 32), Math.ceil(rows / (tile * 4))],
    2 * rows * inner * w.rows,
  );
}

export interface LinearInputGrad extends Scratch {
  /** [rows, stride]; where `columns` is not a multiple of 4, its padding must be zero. */
  readonly dy: Tensor;
  readonly w: Matrix;
  readonly dx: Tensor;
  /** Adds to what dx holds. */
  readonly accumulate?: boolean;
  /** Column of dy at which this product's columns start; a multiple of 4. */
  readonly column?: number;
}

export function inputGrad(
  recorder: Recorder,
  { dy, w, dx, accumulate = false, column = 0, scratch }: LinearInputGrad,
): void {
  const [rows, inner] = rowsOf('dx', dx);
  expectColumns('w', w, inner);
  const stride = strideOf('dy', dy, rows, column, w.rows);
  if (scratch !== undefined && rows >= TILED_ROWS) {
    const kind = { way: 'inputGrad', rows, inner, columns: w.rows, dtype: w.dtype } as const;
    const product = { rows, inner, dy, w, dx, accumulate, column };
    linearVariant(recorder.gpu, kind).inputGrad(recorder, scratch, product);
    return;
  }
  const tile = tileRows(rows);
  recorder.run(
    { shader: 'linear_input_grad', constants: { TILE_ROWS: tile, ACCUMULATE: accumulate }, weights: w.dtype },
    [rows, inner, w.rows, stride, column, w.rowOffset],
    [dy.buffer, w.buffer, dx.buffer],
    [Math.ceil(inner / 32), Math.ceil(rows / tile)],
    2 * rows * inner * w.rows,
  );
}

export interface LinearWeightGrad {
  readonly x: Tensor;
  /** [rows, stride]. */
  readonly dy: Tensor;
  /** Float32; its rows from `rowOffset` are added to. */
  readonly dw: Matrix;
  /** [columns]; added to. */
  readonly dbias?: Tensor | undefined;
}

export function weightGrad(recorder: Recorder, { x, dy, dw, dbias }: LinearWeightGrad): void {
  const [rows, inner] = rowsOf('x', x);
  expectColumns('dw', dw, inner);
  // Its shape was seen; this refuses stored precisions, whose gradients are float32 too.
  expectShape('dw', { ...dw, shape: [dw.rows, inner] }, [dw.rows, inner]);
  const stride = strideOf('dy', dy, rows, 0, dw.rows);
  const kind = { way: 'weightGrad', rows, inner, columns: dw.rows, dtype: dw.dtype } as const;
  linearVariant(recorder.gpu, kind).weightGrad(recorder, { rows, inner, x, dy, dw });
  if (dbias !== undefined) {
    expectShape('dbias', dbias, [dw.rows]);
    recorder.run(
      { shader: 'column_sum' },
      [rows, dw.rows, stride],
      [dy.buffer, dbias.buffer],
      [Math.ceil(dw.rows / 128)],
      rows * dw.rows,
    );
  }
}

function rowsOf(operand: string, given: Tensor | LinearInput): [number, number] {
  const [rows = 0, inner = 0] = given.shape;
  if (!(given instanceof LinearInput)) expectShape(operand, given, [rows, inner]);
  expectMultipleOf4(`the width of ${operand}`, inner);
  return [rows, inner];
}

function strideOf(operand: string, tensor: Tensor, rows: number, column: number, columns: number): number {
  const stride = tensor.shape[1] ?? 0;
  expectShape(operand, tensor, [rows, stride]);
  expectMultipleOf4(`the row stride of ${operand}`, stride);
  if (column % 4 !== 0 || column + columns > stride) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${operand} has ${stride} columns; ${columns} from column ${column} do not fit (and must start at a multiple of 4)`,
      `Pass a wider ${operand}.`,
    );
  }
  return stride;
}
