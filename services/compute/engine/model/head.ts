/**
 * The head: final norm, vocabulary projection and cross-entropy, on the rows that predict something and no others. Its rows
 * may come in parts, so it goes in steps: begin, every part forward, every part backward, end. Within a part, logits are made
 * chunk by chunk of the vocabulary, so that they never all exist at once, unless they are few: then they are kept for the
 * backward, and otherwise computed again.
 */
import { matrixRows, type Matrix, type Tensor } from '../device/tensor.ts';
import * as crossEntropy from '../kernels/cross-entropy.ts';
import * as linear from '../kernels/linear.ts';
import { uploadFloats } from './batch.ts';
import type { BlockContext, WeightGradSink } from './block.ts';
import { normBackward, normForward } from './norms.ts';
import { CHUNK_IDS, type Norm, type Projection, type VocabularyPart } from './weights.ts';

/** Bytes of logits that may exist at once, and of a chunk's weights in float32. */
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
  /** Logits that are kept, by the first id of their chunk. */
  readonly logits: Map<number, Tensor>;
}

/** x [rows, hiddenSize] predicts targets [rows] u32. Losses come out as statistics, read with `nllFromStats`. */
export function beginHead(context: BlockContext, norm: Norm, x: Tensor, targets: Tensor): HeadTape {
  const { recorder, scope } = context;
  const rows = x.shape[0] ?? 0;
  const [normed, normStats] = normForward(context, norm, x);
  const stats = uploadFloats(recorder, scope, crossEntropy.emptyStats(rows), [rows, 4]);
  return { x, normed, normStats, targets, stats, logits: new Map() };
}

/** @param keep keeps the logits for the backward, if all of the vocabulary's are few */
export async function headForward(
  context: BlockContext,
  part: VocabularyPart,
  tape: HeadTape,
  keep: boolean,
): Promise<void> {
  const { recorder, scope, shape } = context;
  const { normed, targets, stats } = tape;
  const cap = shape.logitSoftcap ?? undefined;
  const rows = normed.shape[0] ?? 0;
  const kept = keep && !logitsMadeTwice(shape.vocabSize, rows);
  for (const { w, firstId } of vocabularyChunks(part, rows)) {
    const logits = scope.take([rows, roundUp4(w.rows)]);
    linear.forward(recorder, { x: normed, w, y: logits, scratch: scope });
    crossEntropy.forward(recorder, { chunk: { logits, columns: w.rows, firstId }, targets, stats, cap });
    if (kept) tape.logits.set(firstId, logits);
    else scope.give(logits);
    await recorder.breathe();
  }
}

/**
 * Adds a part's share to the gradient with respect to hidden state L of the rows; gives back the logits that were kept.
 * @param dnormed [rows, hiddenSize]: set by the part that begins with id 0, added to by the others
 * @param scale what each row's nll counts in the loss, [rows]
 */
export async function headBackward(
  context: BlockContext,
  part: VocabularyPart,
  tape: HeadTape,
  dnormed: Tensor,
  scale: Tensor,
  sink?: WeightGradSink,
): Promise<void> {
  const { recorder, scope } = context;
  const { normed, targets, stats } = tape;
  const cap = context.shape.logitSoftcap ?? undefined;
  const rows = normed.shape[0] ?? 0;
  for (const { w, firstId } of vocabularyChunks(part, rows)) {
    const kept = tape.logits.get(firstId);
    tape.logits.delete(firstId);
    const logits = kept ?? scope.take([rows, roundUp4(w.rows)]);
    if (kept === undefined) linear.forward(recorder, { x: normed, w, y: logits, scratch: scope });
    crossEntropy.backward(recorder, {
      chunk: { logits, columns: w.rows, firstId },
      targets,
      stats,
      scale,
      cap,
    });
    for (let row = 0; row < w.rows; row += SUM_ROWS) {
      linear.inputGrad(recorder, {
        dy: logits,
        w: matrixRows(w, row, Math.min(SUM_ROWS, w.rows - row)),
        dx: dnormed,
        column: row,
        accumulate: firstId + row > 0,
        scratch: scope,
      });
    }
    sink?.projection(part.projection, normed, logits, firstId - part.firstId, w.rows);
    scope.give(logits);
    await recorder.breathe();
  }
}

/** The gradient before the final norm, a new tensor, of that with respect to hidden state L. */
export function endHead(
  context: BlockContext,
  norm: Norm,
  { x, normStats: stats }: HeadTape,
  dnormed: Tensor,
  sink?: WeightGradSink,
): Tensor {
  const dx = normBackward(context, norm, { x, stats, dy: dnormed });
  sink?.norm(norm, x, stats, dnormed);
  return dx;
}

/** A part of the vocabulary in chunks whose logits, for so many rows, and weights stay below CHUNK_BYTES. */
export function vocabularyChunks(
  { projection, firstId }: VocabularyPart,
  rows: number,
): { w: Matrix; firstId: number }[] {
  const ids = chunkIds(projection, rows);
  const chunks: { w: Matrix; firstId: number }[] = [];
  let first = firstId;
  for (const { w } of projection.parts) {
    for (let row = 0; row < w.rows; row += ids) {
      const part = matrixRows(w, row, Math.min(ids, w.rows - row));
      chunks.push({ w: part, firstId: first });
      first += part.rows;
    }
  }
  return chunks;
}

/** A power of two. */
function chunkIds({ inputs }: Projection, rows: number): number {
  const most = Math.floor(CHUNK_BYTES / 4 / Math.max(rows, inputs));
  return Math.max(64, Math.min(CHUNK_IDS, 2 ** Math.floor(Math.log2(most))));
}

/** Whether the backward makes the logits of so many rows again: not if they are few. */
export function logitsMadeTwice(vocabSize: number, rows: number): boolean {
  return rows * vocabSize * 4 > CHUNK_BYTES;
}

export function roundUp4(size: number): number {
  return Math.ceil(size / 4) * 4;
}
