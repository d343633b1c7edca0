/** SwiGLU (arXiv 2002.05202): act = silu(gate) * up, element by element. All tensors [rows, width]. */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/swiglu.ts';

export function forward(
  recorder: Recorder,
  { gate, up, act }: { gate: Tensor; up: Tensor; act: Tensor },
): void {
  const elements = elementCount(gate.shape);
  expectShape('gate', gate, gate.shape);
  expectMultipleOf4('the size of gate', elements);
  expectShape('up', up, gate.shape);
  expectShape('act', act, gate.shape);
  recorder.run(
    { shader: 'swiglu_forward' },
    [elements / 4],
    [gate.buffer, up.buffer, act.buffer],
    flatGrid(Math.ceil(elements / 256)),
    elements * 20,
  );
}

export interface SwigluBackward {
  readonly gate: Tensor;
  readonly up: Tensor;
  /** Gradient of act going in, of up coming out. */
  readonly dactToDup: Tensor;
  readonly dgate: Tensor;
}

export function backward(recorder: Recorder, { gate, up, dactToDup, dgate }: SwigluBackward): void {
  const elements = elementCount(gate.shape);
  expectShape('gate', gate, gate.shape);
  expectMultipleOf4('the size of gate', elements);
  expectShape('up', up, gate.shape);
  expectShape('dactToDup', dactToDup, gate.shape);
  expectShape('dgate', dgate, gate.shape);
  recorder.run(
    { shader: 'swiglu_backward' },
    [elements / 4],
    [gate.buffer, up.buffer, dactToDup.buffer, dgate.buffer],
    flatGrid(Math.ceil(elements / 256)),
    elements * 25,
  );
}
