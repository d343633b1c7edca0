/**
 * Sketches of one sample's gradients, tensor by tensor, from n numbers to `width`, and in the same pass of what AdamW would make
 * of them: so that parameter gradients can be compared without ever being stored. oracle/gradient-sketch.ts has the formulas, and
 * how far an inner product of sketches is from that of the gradients. Sums have a fixed order.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { sketchKeys } from '../oracle/gradient-sketch.ts';
import type { AdamwSettings } from './adamw.ts';

export * as oracle from '../oracle/gradient-sketch.ts';

/** Runs of `width` numbers that one invocation of gradient_sketch.wgsl sums over. */
const PIECE = 64;
/** Operations per number: two hashes and AdamW's arithmetic. */
const WORK = 40;

/** One trained tensor: all of one shape. */
export interface SketchedTensor {
  readonly gradient: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

export interface GradientSketch {
  readonly tensors: readonly SketchedTensor[];
  /** [tensors + 1], `pieceStarts` of the tensors. */
  readonly starts: Tensor;
  /** Numbers kept of each tensor: a multiple of 4. */
  readonly width: number;
  readonly seed: number;
  readonly settings: AdamwSettings;
  /** Of the optimizer step that the gradient would make: 1 for the first. */
  readonly step: number;
  /** [pieces, width, 2], scratch. */
  readonly partial: Tensor;
  /** [rows, tensors, width] */
  readonly plain: Tensor;
  readonly corrected: Tensor;
  /** Row of both that is written. */
  readonly row: number;
}

/** The first piece of each tensor, and behind them the count of all: [tensors + 1]. */
export function pieceStarts(shapes: readonly (readonly number[])[], width: number): Uint32Array<ArrayBuffer> {
  expectMultipleOf4('width', width);
  const starts = new Uint32Array(shapes.length + 1);
  shapes.forEach((shape, t) => {
    starts[t + 1] = starts[t] + pieces(shape, width);
  });
  return starts;
}

/** Throws SHAPE_MISMATCH, INPUT_INVALID where there is no such row. */
export function forward(recorder: Recorder, sketch: GradientSketch): void {
  const { tensors, starts, width, seed, settings, step, partial, plain, corrected, row } = sketch;
  expectMultipleOf4('width', width);
  const [rows = 0] = plain.shape;
  const total = tensors.reduce((sum, { gradient }) => sum + pieces(gradient.shape, width), 0);
  expectShape('starts', starts, [tensors.length + 1], 'u32');
  expectShape('partial', partial, [total, width, 2]);
  expectShape('plain', plain, [rows, tensors.length, width]);
  expectShape('corrected', corrected, [rows, tensors.length, width]);
  if (!Number.isInteger(row) || row < 0 || row >= rows)
    throw new ReptraceError('INPUT_INVALID', `row is ${row}, of ${rows}`, 'Write within the result.');
  const { beta1, beta2, epsilon } = settings;
  // Taken in float64: 1 - 0.999 in float32 would be off by 1.3e-5 of itself.
  const adam = [beta1, beta2, epsilon, 1 - beta1, 1 - beta2, 1 - beta1 ** step, 1 - beta2 ** step];
  let first = 0;
  for (const [t, tensor] of tensors.entries()) {
    const { shape, buffer } = tensor.gradient;
    expectShape('gradient', tensor.gradient, shape);
    expectShape('first', tensor.first, shape);
    expectShape('second', tensor.second, shape);
    const keys = sketchKeys(seed, t);
    const elements = elementCount(shape);
    const own = pieces(shape, width);
    const exact = elements <= width ? 1 : 0;
    recorder.run(
      { shader: 'gradient_sketch' },
      [elements, width, own, first, keys.sign, keys.shift, exact, ...adam.map(f32Bits)],
      [buffer, tensor.first.buffer, tensor.second.buffer, partial.buffer],
      flatGrid(Math.ceil(width / 64) * own),
      WORK * elements,
    );
    first += own;
  }
  recorder.run(
    { shader: 'gradient_sketch_sum' },
    [tensors.length, width, row],
    [starts.buffer, partial.buffer, plain.buffer, corrected.buffer],
    flatGrid(Math.ceil((tensors.length * width) / 64)),
    2 * total * width,
  );
}

function pieces(shape: readonly number[], width: number): number {
  return Math.ceil(elementCount(shape) / width / PIECE);
}
