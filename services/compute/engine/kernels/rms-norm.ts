/**
 * RMSNorm (arXiv 1910.07467): y = x / sqrt(mean(x^2) + epsilon) * weight, row by row.
 * Shapes: x, y [rows, width], weight [width], reciprocal [rows] (kept for the backward).
 */
import { f32Bits, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { LANES_TRANSPOSING, rowTeams, teamGrid, transposedShape, type RowTeams } from './row-teams.ts';

export * as oracle from '../oracle/rms-norm.ts';

export interface RmsNormForward {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly epsilon: number;
  readonly y: Tensor;
  readonly reciprocal: Tensor;
  /** Whether y is written as `transposedShape` says; by lanes alone. */
  readonly transposed?: boolean;
  /** Default: what suits the adapter. */
  readonly teams?: RowTeams;
}

export function forward(
  recorder: Recorder,
  { x, weight, epsilon, y, reciprocal, transposed = false, teams }: RmsNormForward,
): void {
  const [rows, width] = sizes(x);
  expectShape('weight', weight, [width]);
  expectShape('y', y, transposed ? transposedShape(rows, width) : [rows, width]);
  expectShape('reciprocal', reciprocal, [rows]);
  const by = teams ?? (transposed ? LANES_TRANSPOSING : rowTeams(recorder.gpu.report));
  recorder.run(
    { shader: 'rms_norm_forward', constants: { TRANSPOSED: transposed, ...by.constants } },
    [rows, width, f32Bits(epsilon)],
    [x.buffer, weight.buffer, y.buffer, reciprocal.buffer],
    teamGrid(by, rows),
    rows * width * 6,
  );
}

export interface RmsNormBackward {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly reciprocal: Tensor;
  readonly dy: Tensor;
  /** Gradient that reaches x past the norm; added to dx. Not the same buffer as dx. */
  readonly through?: Tensor | undefined;
  readonly dx: Tensor;
  /** Default: what suits the adapter. */
  readonly teams?: RowTeams;
}

/** dx of the norm, plus `through`. */
export function backward(
  recorder: Recorder,
  { x, weight, reciprocal, dy, through, dx, teams = rowTeams(recorder.gpu.report) }: RmsNormBackward,
): void {
  const [rows, width] = sizes(x);
  expectShape('weight', weight, [width]);
  expectShape('reciprocal', reciprocal, [rows]);
  expectShape('dy', dy, [rows, width]);
  expectShape('dx', dx, [rows, width]);
  if (through !== undefined) expectShape('through', through, [rows, width]);
  recorder.run(
    { shader: 'rms_norm_input_grad', constants: { HAS_THROUGH: through !== undefined, ...teams.constants } },
    [rows, width],
    [x.buffer, weight.buffer, reciprocal.buffer, dy.buffer, (through ?? dy).buffer, dx.buffer],
    teamGrid(teams, rows),
    rows * width * 10,
  );
}

export interface RmsNormWeightGrad {
  readonly x: Tensor;
  readonly reciprocal: Tensor;
  readonly dy: Tensor;
  /** [width]; added to. */
  readonly dweight: Tensor;
}

export function weightGrad(recorder: Recorder, { x, reciprocal, dy, dweight }: RmsNormWeightGrad): void {
  const [rows, width] = sizes(x);
  expectShape('reciprocal', reciprocal, [rows]);
  expectShape('dy', dy, [rows, width]);
  expectShape('dweight', dweight, [width]);
  recorder.run(
    { shader: 'rms_norm_weight_grad' },
    [rows, width],
    [x.buffer, reciprocal.buffer, dy.buffer, dweight.buffer],
    [Math.ceil(width / 128)],
    rows * width * 3,
  );
}

function sizes(x: Tensor): [number, number] {
  const [rows = 0, width = 0] = x.shape;
  expectShape('x', x, [rows, width]);
  expectMultipleOf4('the width of x', width);
  return [rows, width];
}
