/**
 * Softmax cross-entropy over a vocabulary that comes in chunks: fold each chunk into the rows' statistics, then turn each
 * chunk of logits into its gradient.
 * Shapes: logits [rows, stride] with `columns` used, targets [rows] u32, stats [rows, 4], scale [rows].
 */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';
import { capBits } from './softcap.ts';

export * as oracle from '../oracle/cross-entropy.ts';

export interface Chunk {
  readonly logits: Tensor;
  /** Columns in use; the chunk is the ids firstId … firstId + columns - 1. */
  readonly columns: number;
  readonly firstId: number;
}

/** What stats hold before the first chunk: (max, sum of exponentials, target's logit, unused) per row. */
export function emptyStats(rows: number): Float32Array<ArrayBuffer> {
  const stats = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++) stats[row * 4] = -3e38;
  return stats;
}

/** -log p(target) of each row from finished statistics; the logarithm in float64. */
export function nllFromStats(stats: Float32Array): Float64Array {
  return Float64Array.from({ length: stats.length / 4 }, (_, row) => {
    const [max = NaN, sum = NaN, target = NaN] = stats.subarray(row * 4, row * 4 + 3);
    return max - target + Math.log(sum);
  });
}

export interface CrossEntropyForward {
  readonly chunk: Chunk;
  readonly targets: Tensor;
  readonly stats: Tensor;
  /** Logits count as cap * tanh(logit / cap) (Gemma 2); as they are if absent. The same for all chunks and the backward. */
  readonly cap?: number | undefined;
}

/** Folds a chunk of logits into the rows' statistics, which are those of the capped logits. */
export function forward(recorder: Recorder, { chunk, targets, stats, cap }: CrossEntropyForward): void {
  const [rows, stride] = sizes(chunk);
  expectShape('targets', targets, [rows], 'u32');
  expectShape('stats', stats, [rows, 4]);
  recorder.run(
    { shader: 'cross_entropy_forward', constants: { CAPPED: cap !== undefined } },
    [rows, chunk.columns, stride, chunk.firstId, capBits('logits', cap)],
    [chunk.logits.buffer, targets.buffer, stats.buffer],
    flatGrid(rows),
    rows * stride * 20,
  );
}

/** The chunk's logits, uncapped, go in, and the gradient with respect to them comes out. */
export interface CrossEntropyBackward extends CrossEntropyForward {
  /** What each row's nll counts in the loss. */
  readonly scale: Tensor;
}

export function backward(
  recorder: Recorder,
  { chunk, targets, stats, scale, cap }: CrossEntropyBackward,
): void {
  const [rows, stride] = sizes(chunk);
  expectShape('targets', targets, [rows], 'u32');
  expectShape('stats', stats, [rows, 4]);
  expectShape('scale', scale, [rows]);
  recorder.run(
    { shader: 'cross_entropy_backward', constants: { CAPPED: cap !== undefined } },
    [rows, chunk.columns, stride, chunk.firstId, capBits('logits', cap)],
    [targets.buffer, stats.buffer, scale.buffer, chunk.logits.buffer],
    flatGrid(Math.ceil((rows * stride) / 256)),
    rows * stride * 20,
  );
}

function sizes({ logits, columns }: Chunk): [number, number] {
  const [rows = 0, stride = 0] = logits.shape;
  expectShape('logits', logits, [rows, Math.max(stride, columns)]);
  expectMultipleOf4('the row stride of logits', stride);
  return [rows, stride];
}
