/**
 * Choosing the next token: argmax, or a draw from softmax(logits / temperature) by inverse CDF, on the GPU.
 * Shapes: logits [rows, stride] with `columns` used, draws [steps, rows] uniform in [0, 1), ids [rows] u32,
 * history [steps, rows] u32.
 */
import { f32Bits, type Recorder } from '../device/recorder.ts';
import { expectShape, type Tensor } from '../device/tensor.ts';
import { capBits } from './softcap.ts';

export * as oracle from '../oracle/softmax.ts';

/** The id where logits are not numbers (NaN, or an infinity while drawing without a cap). Above every vocabulary: check for it. */
export const NO_ID = 0xffffffff;

export interface Sample {
  readonly logits: Tensor;
  readonly columns: number;
  /** 0 is the argmax. */
  readonly temperature: number;
  /** Logits count as cap * tanh(logit / cap) (Gemma 2); as they are if absent. */
  readonly cap?: number | undefined;
  readonly step: number;
  readonly draws: Tensor;
  readonly ids: Tensor;
  readonly history: Tensor;
}

export function sample(
  recorder: Recorder,
  { logits, columns, temperature, cap, step, draws, ids, history }: Sample,
): void {
  const [rows = 0, stride = 0] = logits.shape;
  expectShape('logits', logits, [rows, Math.max(stride, columns)]);
  expectShape('draws', draws, [Math.max(draws.shape[0] ?? 0, step + 1), rows]);
  expectShape('ids', ids, [rows], 'u32');
  expectShape('history', history, [draws.shape[0] ?? 0, rows], 'u32');
  recorder.run(
    { shader: 'sample', constants: { CAPPED: cap !== undefined } },
    [rows, columns, stride, f32Bits(temperature), step, capBits('logits', cap)],
    [logits.buffer, draws.buffer, ids.buffer, history.buffer],
    [rows],
    rows * columns * 20,
  );
}
