/**
 * Dropout with a mask that is computed, not stored: the same seed and stream give the same mask, in the forward and in the
 * backward. Shapes: both operands of one shape, whose size is a multiple of 4 and below 2^32.
 */
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import type { DropoutMask } from '../oracle/dropout.ts';
import { lowbias32 } from '../oracle/lowbias32.ts';

export * as oracle from '../oracle/dropout.ts';
export type { DropoutMask } from '../oracle/dropout.ts';

/** The seed of a pass's masks, from what tells it from all other passes of a run. */
export function passSeed(seed: number, step: number, pass: number): number {
  const high = Math.floor(seed / 2 ** 32);
  return [high, step, pass].reduce((hash, word) => lowbias32(hash + word), lowbias32(seed % 2 ** 32));
}

/** out = x / (1 - rate) where the mask keeps it, else 0. */
export function forward(recorder: Recorder, x: Tensor, out: Tensor, mask: DropoutMask): void {
  run(recorder, x, out, { mask, factor: 1 / (1 - mask.rate), accumulate: false });
}

/** dx += dy / (1 - rate) where the mask keeps it. */
export function backward(recorder: Recorder, dy: Tensor, dx: Tensor, mask: DropoutMask): void {
  run(recorder, dy, dx, { mask, factor: 1 / (1 - mask.rate), accumulate: true });
}

/** out = x * factor: the same kernel, dropping nothing. */
export function scale(recorder: Recorder, x: Tensor, out: Tensor, factor: number): void {
  run(recorder, x, out, { mask: { rate: 0, seed: 0, stream: 0 }, factor, accumulate: false });
}

interface Work {
  readonly mask: DropoutMask;
  readonly factor: number;
  readonly accumulate: boolean;
}

function run(recorder: Recorder, x: Tensor, out: Tensor, { mask, factor, accumulate }: Work): void {
  const elements = elementCount(x.shape);
  expectShape('x', x, x.shape);
  expectShape('out', out, x.shape);
  expectMultipleOf4('the size of x', elements);
  const threshold = Math.floor(mask.rate * 2 ** 32);
  recorder.run(
    { shader: 'dropout', constants: { ACCUMULATE: accumulate } },
    [elements / 4, threshold, mask.seed, mask.stream, f32Bits(factor)],
    [x.buffer, out.buffer],
    flatGrid(Math.ceil(elements / 256)),
    elements,
  );
}
