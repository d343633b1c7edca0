/**
 * The head: final norm, vocabulary projection and cross-entropy, on the rows that predict something and no others.
 * Logits are made chunk by chunk of the vocabulary, so that they never all exist at once; a vocabulary that fits one
 * chunk keeps its logits for the backward, otherwise they are computed again.
 */
import { matrixRows, type Matrix, type Tensor } from '../device/tensor.ts';
import * as crossEntropy from '../kernels/cross-entropy.ts';
import * as linear from '../kernels/linear.ts';
import { uploadFloats } from './batch.ts';
import type { BlockContext, WeightGradSink } from './block.ts';
import { normBackward, normForward } from './norms.ts';
import type { ModelWeights, Projection } from './weights.ts';

/** Bytes of logits that may exist at once. */
const CHUNK_BYTES = 64 << 20;

/**
 * Rows of the vocabulary that the backward sums in one go. One running float32 sum over a whole vocabulary of 49152
 * was several times less exact than sums of parts.
 */
const SUM_ROWS = 2048;

export interface HeadTape {
  /** The rows' residual stream after the last block, [rows, hiddenSize]. */
  readonly x: Tensor;
  /** After the final norm: hidden state L of those rows. */
  readonly normed: Tensor;
  /** Of the final norm. */
  readonly normStats: Tensor;
  readonly targets: Tensor;
  /** For `nllFromStats`. */
  readonly stats: Tensor;
  /** The logits, where one chunk holds them all. */
  readonly logits: Tensor | undefined;
}

/** x [rows, hiddenSize] predicts targets [rows] u32. Losses come out as statistics, read with `nllFromStats`. */
export async function headForward(
  context: BlockContext,
  weights: ModelWeights,
  x: Tensor,
  targets: Tensor,
): Promise<HeadTape> {
  const { recorder, scope, shape } = context;
  const cap = shape.logitSoftcap ?? undefined;
  const rows = x.shape[0] ?? 0;
  const [normed, normStats] = normForward(context, weights.norm, x);
  const stats = uploadFloats(recorder, scope, crossEntropy.emptyStats(rows), [rows, 4]);
  const chunks = vocabularyChunks(weights.head, rows);
  let kept: Tensor | undefined;
  for (const { w, firstId } of chunks) {
    const logits = scope.take([rows, roundUp4(w.rows)]);
    linear.forward(recorder, { x: normed, w, y: logits, scratch: scope });
    crossEntropy.forward(recorder, { chunk: { logits, columns: w.rows, firstId }, targets, stats, cap });
    if (chunks.length === 1) kept = logits;
    else scope.give(logits);
    await recorder.breathe();
  }
  return { x, normed, normStats, targets, stats, logits: kept };
}

export interface HeadGradient {
  /** Gradient of the loss with respect to hidden state L of the rows. */
  readonly dnormed: Tensor;
  /** The same before the final norm. */
  readonly dx: Tensor;
}

/**
 * @param scale what each row's nll counts in the loss, [rows]
 * Gives back the tape's logits; the rest of the tape stays.
 */
export async function headBackward(
  context: BlockContext,
  weights: ModelWeights,
  tape: HeadTape,
  scale: Tensor,
  sink?: WeightGradSink,
): Promise<HeadGradient> {
  const { recorder, scope } = context;
  const { x, normed, normStats, targets, stats } = tape;
  const cap = context.shape.logitSoftcap ?? undefined;
  const rows = x.shape[0] ?? 0;
  const dnormed = scope.take(x.shape);
  for (const { w, firstId } of vocabularyChunks(weights.head, rows)) {
    const logits = tape.logits ?? scope.take([rows, roundUp4(w.rows)]);
    if (tape.logits === undefined) linear.forward(recorder, { x: normed, w, y: logits, scratch: scope });
    crossEntropy.backward(recorder, { chunk: { logits, columns: w.rows, firstId }, targets, stats, scale, cap });
    for (let row = 0; row < w.rows; row += SUM_ROWS) {
      const part = matrixRows(w, row, Math.min(SUM_ROWS, w.rows - row));
      const accumulate = firstId + row > 0;
      linear.inputGrad(recorder, {
        dy: logits,
        w: part,
        dx: dnormed,
        column: row,
        accumulate,
        scratch: scope,
      });
    }
    sink?.projection(weights.head, normed, logits, firstId, w.rows);
    scope.give(logits);
    await recorder.breathe();
  }
  const dx = normBackward(context, weights.norm, { x, stats: normStats, dy: dnormed });
  sink?.norm(weights.norm, x, normStats, dnormed);
  return { dnormed, dx };
}

/** The vocabulary in chunks whose logits, for so many rows, stay below CHUNK_BYTES. */
export function vocabularyChunks(head: Projection, rows: number): { w: Matrix; firstId: number }[] {
  const columns = Math.max(64, Math.floor(CHUNK_BYTES / 4 / Math.max(1, rows) / 4) * 4);
  const chunks: { w: Matrix; firstId: number }[] = [];
  let firstId = 0;
  for (const { w } of head.parts) {
    for (let row = 0; row < w.rows; row += columns) {
      const part = matrixRows(w, row, Math.min(columns, w.rows - row));
      chunks.push({ w: part, firstId });
      firstId += part.rows;
    }
  }
  return chunks;
}

export function roundUp4(size: number): number {
  return Math.ceil(size / 4) * 4;
}
