/** The activation function of a feed-forward layer without a gate, element by element. All tensors of one shape. */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import type { Activation } from '../oracle/activation.ts';

export * as oracle from '../oracle/activation.ts';
export type { Activation } from '../oracle/activation.ts';

/** Operations an element, roughly: an exponential, and for gelu a polynomial for each of two factors. */
const WORK: Readonly<Record<Activation, number>> = { silu: 20, gelu: 45, 'gelu-tanh': 30 };
/** The constants of lib/activation.wgsl. */
const CONSTANT: Readonly<Record<Activation, number>> = { silu: 0, gelu: 1, 'gelu-tanh': 2 };

/** What a shader that uses lib/activation varies. */
export function activationConstants(kind: Activation): { readonly ACTIVATION: number } {
  return { ACTIVATION: CONSTANT[kind] };
}

export function activationWork(kind: Activation, elements: number): number {
  return elements * WORK[kind];
}

export interface ActivationForward {
  readonly kind: Activation;
  readonly x: Tensor;
  readonly act: Tensor;
}

/** act = f(x). Throws SHAPE_MISMATCH where shapes differ or the number of elements is no multiple of 4. */
export function forward(recorder: Recorder, { kind, x, act }: ActivationForward): void {
  const elements = elementCount(x.shape);
  expectShape('x', x, x.shape);
  expectMultipleOf4('the size of x', elements);
  expectShape('act', act, x.shape);
  recorder.run(
    { shader: 'activation_forward', constants: activationConstants(kind) },
    [elements / 4],
    [x.buffer, act.buffer],
    flatGrid(Math.ceil(elements / 256)),
    activationWork(kind, elements),
  );
}

export interface ActivationBackward {
  readonly kind: Activation;
  readonly x: Tensor;
  /** Gradient of act going in, of x coming out. */
  readonly dactToDx: Tensor;
}

/** dx = dact * f'(x), in place. */
export function backward(recorder: Recorder, { kind, x, dactToDx }: ActivationBackward): void {
  const elements = elementCount(x.shape);
  expectShape('x', x, x.shape);
  expectMultipleOf4('the size of x', elements);
  expectShape('dactToDx', dactToDx, x.shape);
  recorder.run(
    { shader: 'activation_backward', constants: activationConstants(kind) },
    [elements / 4],
    [x.buffer, dactToDx.buffer],
    flatGrid(Math.ceil(elements / 256)),
    activationWork(kind, elements),
  );
}
