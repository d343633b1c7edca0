/**
 * The gated activations SwiGLU and GEGLU (arXiv 2002.05202): act = f(gate) * up, element by element.
 * All tensors [rows, width].
 */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { activationConstants, activationWork, type Activation } from './activation.ts';

export * as oracle from '../oracle/gated-activation.ts';
export type { Activation } from './activation.ts';

export interface GatedForward {
  readonly kind: Activation;
  readonly gate: Tensor;
  readonly up: Tensor;
  readonly act: Tensor;
}

/** act = f(gate) * up. Throws SHAPE_MISMATCH where shapes differ or the number of elements is no multiple of 4. */
export function forward(recorder: Recorder, { kind, gate, up, act }: GatedForward): void {
  const elements = elementCount(gate.shape);
  expectShape('gate', gate, gate.shape);
  expectMultipleOf4('the size of gate', elements);
  expectShape('up', up, gate.shape);
  expectShape('act', act, gate.shape);
  recorder.run(
    { shader: 'gated_forward', constants: activationConstants(kind) },
    [elements / 4],
    [gate.buffer, up.buffer, act.buffer],
    flatGrid(Math.ceil(elements / 256)),
    activationWork(kind, elements),
  );
}

export interface GatedBackward {
  readonly kind: Activation;
  readonly gate: Tensor;
  readonly up: Tensor;
  /** Gradient of act going in, of up coming out. */
  readonly dactToDup: Tensor;
  readonly dgate: Tensor;
}

/** dgate = dact * up * f'(gate), and dup = dact * f(gate) in place of dact. */
export function backward(recorder: Recorder, { kind, gate, up, dactToDup, dgate }: GatedBackward): void {
  const elements = elementCount(gate.shape);
  expectShape('gate', gate, gate.shape);
  expectMultipleOf4('the size of gate', elements);
  expectShape('up', up, gate.shape);
  expectShape('dactToDup', dactToDup, gate.shape);
  expectShape('dgate', dgate, gate.shape);
  recorder.run(
    { shader: 'gated_backward', constants: activationConstants(kind) },
    [elements / 4],
    [gate.buffer, up.buffer, dactToDup.buffer, dgate.buffer],
    flatGrid(Math.ceil(elements / 256)),
    activationWork(kind, elements) * 1.25,
  );
}
