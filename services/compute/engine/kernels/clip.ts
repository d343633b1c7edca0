/**
 * Gradient clipping by the global norm (torch.nn.utils.clip_grad_norm_): clip = (norm, min(1, maxNorm / (norm + 1e-6))),
 * left on the GPU for the optimizer. The sum has a fixed order.
 */
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/clip.ts';

/** Vec4s that one workgroup of sum_squares.wgsl takes. */
const PIECE = 1024;

/** Partial sums that a list of tensors needs. */
export function partialCount(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + pieces(tensor), 0);
}

export interface Clip {
  readonly gradients: readonly Tensor[];
  readonly maxNorm: number;
  /** [partialCount(gradients)], scratch. */
  readonly partial: Tensor;
  readonly clip: Tensor;
}

export function forward(recorder: Recorder, { gradients, maxNorm, partial, clip }: Clip): void {
  const count = partialCount(gradients);
  expectShape('partial', partial, [count]);
  expectShape('clip', clip, [2]);
  let first = 0;
  for (const gradient of gradients) {
    expectShape('gradients', gradient, gradient.shape);
    const own = pieces(gradient);
    recorder.run(
      { shader: 'sum_squares' },
      [Math.ceil(elementCount(gradient.shape) / 4), first],
      [gradient.buffer, partial.buffer],
      flatGrid(own),
      2 * elementCount(gradient.shape),
    );
    first += own;
  }
  recorder.run(
    { shader: 'clip_factor' },
    [count, f32Bits(maxNorm)],
    [partial.buffer, clip.buffer],
    [1],
    count,
  );
}

function pieces(tensor: Tensor): number {
  return Math.ceil(elementCount(tensor.shape) / 4 / PIECE);
}
