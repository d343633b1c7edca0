/**
 * The activation of a feed-forward layer, with or without a gate, written as the linear layer after it reads it where it reads
 * transposed: actT = (f(gate) * up)T, or f(x)T. Shapes: gate, up, x [rows, width], actT as `transposedShape` says.
 */
import type { Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { activationConstants, activationWork, type Activation } from './activation.ts';
import { transposedShape } from './row-teams.ts';

export interface ActivationTransposed {
  readonly kind: Activation;
  readonly gate?: Tensor | undefined;
  /** x where there is no gate. */
  readonly up: Tensor;
  readonly actT: Tensor;
}

/** Throws SHAPE_MISMATCH, naming the operand. */
export function forward(recorder: Recorder, { kind, gate, up, actT }: ActivationTransposed): void {
  const [rows = 0, width = 0] = up.shape;
  expectShape('up', up, [rows, width]);
  expectMultipleOf4('the width of up', width);
  if (gate !== undefined) expectShape('gate', gate, [rows, width]);
  expectShape('actT', actT, transposedShape(rows, width));
  recorder.run(
    {
      shader: 'activation_transposed',
      constants: { ...activationConstants(kind), HAS_GATE: gate !== undefined },
    },
    [rows, width],
    [(gate ?? up).buffer, up.buffer, actT.buffer],
    [Math.ceil(width / 32), Math.ceil(rows / 32)],
    activationWork(kind, rows * width),
  );
}
