/**
 * LayerNorm (arXiv 1607.06450): y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the biased
 * variance. Shapes: x, y [rows, width], weight, bias [width], stats [rows, 2] (mean and 1 / sqrt(variance + epsilon),
 * kept for the backward). There is no gradient of the weights: models with LayerNorm do not train here.
 */
import { f32Bits, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { LANES_TRANSPOSING, rowTeams, teamGrid, transposedShape, type RowTeams } from './row-teams.ts';

export * as oracle from '../oracle/layer-norm.ts';

export interface LayerNormForward {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
  readonly y: Tensor;
  readonly stats: Tensor;
  /** Whether y is written as `transposedShape` says; by lanes alone. */
  readonly transposed?: boolean;
  /** Default: what suits the adapter. */
  readonly teams?: RowTeams;
}

/** y and stats. A row whose sums overflow becomes NaN. Throws SHAPE_MISMATCH, naming the operand. */
export function forward(
  recorder: Recorder,
  { x, weight, bias, epsilon, y, stats, transposed = false, teams }: LayerNormForward,
): void {
  const [rows, width] = sizes(x);
  expectShape('weight', weight, [width]);
  expectShape('bias', bias, [width]);
  expectShape('y', y, transposed ? transposedShape(rows, width) : [rows, width]);
  expectShape('stats', stats, [rows, 2]);
  const by = teams ?? (transposed ? LANES_TRANSPOSING : rowTeams(recorder.gpu.report));
  recorder.run(
    { shader: 'layer_norm_forward', constants: { TRANSPOSED: transposed, ...by.constants } },
    [rows, width, f32Bits(epsilon)],
    [x.buffer, weight.buffer, bias.buffer, y.buffer, stats.buffer],
    teamGrid(by, rows),
    rows * width * 8,
  );
}

export interface LayerNormBackward {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly stats: Tensor;
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
  { x, weight, stats, dy, through, dx, teams = rowTeams(recorder.gpu.report) }: LayerNormBackward,
): void {
  const [rows, width] = sizes(x);
  expectShape('weight', weight, [width]);
  expectShape('stats', stats, [rows, 2]);
  expectShape('dy', dy, [rows, width]);
  expectShape('dx', dx, [rows, width]);
  if (through !== undefined) expectShape('through', through, [rows, width]);
  recorder.run(
    {
      shader: 'layer_norm_input_grad',
      constants: { HAS_THROUGH: through !== undefined, ...teams.constants },
    },
    [rows, width],
    [x.buffer, weight.buffer, stats.buffer, dy.buffer, (through ?? dy).buffer, dx.buffer],
    teamGrid(teams, rows),
    rows * width * 14,
  );
}

function sizes(x: Tensor): [number, number] {
  const [rows = 0, width = 0] = x.shape;
  expectShape('x', x, [rows, width]);
  expectMultipleOf4('the width of x', width);
  return [rows, width];
}
