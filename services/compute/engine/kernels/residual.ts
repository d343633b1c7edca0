/** Residual connection: out = a + b, where no other kernel carries the sum along. All tensors of one shape. */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/residual.ts';

/** The backward is the identity towards both operands, so it has no kernel. */
export function forward(recorder: Recorder, { a, b, out }: { a: Tensor; b: Tensor; out: Tensor }): void {
  const elements = elementCount(a.shape);
  expectShape('a', a, a.shape);
  expectMultipleOf4('the size of a', elements);
  expectShape('b', b, a.shape);
  expectShape('out', out, a.shape);
  recorder.run(
    { shader: 'add' },
    [elements / 4],
    [a.buffer, b.buffer, out.buffer],
    flatGrid(Math.ceil(elements / 256)),
    elements,
  );
}
