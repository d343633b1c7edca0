/**
 * Causal attention with grouped queries over packed sequences (flash attention, arXiv 2205.14135): no T x T matrix is
 * stored, the backward recomputes the probabilities.
 * Shapes: q, out [query rows, heads * headDim], k, v [key rows, kvHeads * headDim], lse, delta [query rows, heads].
 * What runs is the variant that suits the adapter (attention-choice.ts).
 */
import type { Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape } from '../device/tensor.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import { BLOCK_WORDS } from './attention-blocks.ts';
import { attentionVariant } from './attention-choice.ts';
import type { AttentionBackward, AttentionForward, AttentionShape } from './attention-variant.ts';

export * as oracle from '../oracle/attention.ts';
export * from './attention-blocks.ts';
export type { AttentionBackward, AttentionForward, AttentionShape } from './attention-variant.ts';

export function forward(recorder: Recorder, attention: AttentionForward): void {
  const { heads, headDim, out, lse } = attention;
  const rows = checkShapes(attention);
  expectShape('out', out, [rows, heads * headDim]);
  expectShape('lse', lse, [rows, heads]);
  attentionVariant(recorder.gpu).forward(recorder, attention);
}

export function backward(recorder: Recorder, attention: AttentionBackward): void {
  const { heads, kvHeads, headDim, k, out, lse, dout, dq, dk, dv, delta } = attention;
  const rows = checkShapes(attention);
  expectShape('k', k, [rows, kvHeads * headDim]);
  expectShape('out', out, [rows, heads * headDim]);
  expectShape('dout', dout, [rows, heads * headDim]);
  expectShape('dq', dq, [rows, heads * headDim]);
  expectShape('dk', dk, [rows, kvHeads * headDim]);
  expectShape('dv', dv, [rows, kvHeads * headDim]);
  expectShape('lse', lse, [rows, heads]);
  expectShape('delta', delta, [rows, heads]);
  const variant = attentionVariant(recorder.gpu);
  variant.queryGrad(recorder, attention);
  variant.keyGrad(recorder, attention);
}

/** Throws INPUT_INVALID for a scale or window that means nothing (`capBits` checks the cap). */
function checkMasks({ scale = 1, window = 1 }: AttentionShape): void {
  if (Number.isFinite(scale) && Number.isInteger(window) && window >= 1) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `attention was given scale ${scale} and window ${window}`,
    'Give a finite scale and a window of at least one key, or leave them out.',
  );
}

function checkShapes(attention: AttentionForward): number {
  const { heads, kvHeads, headDim, blocks, q, k, v } = attention;
  const rows = q.shape[0] ?? 0;
  checkMasks(attention);
  expectMultipleOf4('headDim', headDim);
  if (heads % kvHeads !== 0) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${heads} attention heads cannot share ${kvHeads} key/value heads evenly`,
      'Use a number of heads that is a multiple of the key/value heads.',
    );
  }
  expectShape('q', q, [rows, heads * headDim]);
  expectShape('k', k, [k.shape[0] ?? 0, kvHeads * headDim]);
  expectShape('v', v, k.shape);
  expectShape('blocks', blocks, [blocks.shape[0] ?? 0, BLOCK_WORDS], 'u32');
  return rows;
}
