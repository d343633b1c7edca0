/**
 * AdamW (arXiv 1711.05101; the order of operations of torch.optim.AdamW) on one parameter tensor.
 * Shapes: all [elements] (stored as multiples of 4), clip [2] from clip.ts.
 */
import { f32Bits, flatGrid, type Recorder } from '../device/recorder.ts';
import { elementCount, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/adamw.ts';

export interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface AdamwStep {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
  readonly clip: Tensor;
  readonly settings: AdamwSettings;
  readonly rate: number;
  readonly decay: number;
  /** 1 for the first step. */
  readonly step: number;
}

export function step(recorder: Recorder, adamw: AdamwStep): void {
  const { parameter, gradient, first, second, clip, settings, rate, decay } = adamw;
  expectShape('parameter', parameter, parameter.shape);
  expectShape('gradient', gradient, parameter.shape);
  expectShape('first', first, parameter.shape);
  expectShape('second', second, parameter.shape);
  expectShape('clip', clip, [2]);
  const vectors = Math.ceil(elementCount(parameter.shape) / 4);
  const { beta1, beta2, epsilon } = settings;
  // Taken in float64: 1 - 0.999 in float32 would be off by 1.3e-5 of itself.
  const complements = [1 - beta1, 1 - beta2];
  const corrections = [1 - beta1 ** adamw.step, 1 - beta2 ** adamw.step];
  recorder.run(
    { shader: 'adamw' },
    [vectors, ...[rate, decay, beta1, beta2, epsilon, ...complements, ...corrections].map(f32Bits)],
    [gradient.buffer, clip.buffer, parameter.buffer, first.buffer, second.buffer],
    flatGrid(Math.ceil(vectors / 64)),
    vectors * 60,
  );
}
