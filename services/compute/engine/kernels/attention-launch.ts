/** The three attention kernels as every variant of them is started: the same operands in the same order, and the same work. */
import { f32Bits, type Grid, type Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import type { AttentionBackward, AttentionForward, AttentionShape } from './attention-variant.ts';
import { capBits } from './softcap.ts';

/** Wider windows are no different, and rows plus this stay in 32 bits. */
const WIDEST_WINDOW = 2 ** 30;

export interface Launch {
  readonly shader: string;
  /** Those of the variant; shapes and masks are added. */
  readonly constants: Readonly<Record<string, number | boolean>>;
  /** Parts that a block is cut into. */
  readonly parts: number;
  /** Workgroups side by side in a block, for heads or groups of them. */
  readonly heads: number;
}

export function launchForward(recorder: Recorder, launch: Launch, attention: AttentionForward): void {
  const { blocks, q, k, v, out, lse } = attention;
  start(recorder, launch, attention, [blocks, q, k, v, out, lse], 2);
}

export function launchQueryGrad(recorder: Recorder, launch: Launch, attention: AttentionBackward): void {
  const { blocks, q, k, v, out, lse, dout, dq, delta } = attention;
  start(recorder, launch, attention, [blocks, q, k, v, out, lse, dout, dq, delta], 3);
}

export function launchKeyGrad(recorder: Recorder, launch: Launch, attention: AttentionBackward): void {
  const { blocks, q, k, v, lse, delta, dout, dk, dv } = attention;
  start(recorder, launch, attention, [blocks, q, k, v, lse, delta, dout, dk, dv], 4);
}

/** @param products as large as that of the scores */
function start(
  recorder: Recorder,
  { shader, constants, parts, heads: width }: Launch,
  attention: AttentionShape,
  operands: readonly Tensor[],
  products: number,
): void {
  const { heads, kvHeads, headDim, blocks, work, window, softcap } = attention;
  const { scale = 1 / Math.sqrt(headDim) } = attention;
  const grid: Grid = [blocks.shape[0] ?? 0, width, parts];
  recorder.run(
    {
      shader,
      constants: {
        ...{ ...constants, HEAD_DIM4: headDim / 4, HEADS: heads, KV_HEADS: kvHeads },
        ...{ WINDOWED: window !== undefined, CAPPED: softcap !== undefined },
      },
    },
    [
      ...[f32Bits(scale), headDim / 4, Math.min(window ?? 0, WIDEST_WINDOW)],
      capBits('attention scores', softcap),
    ],
    operands.map((tensor) => tensor.buffer),
    grid,
    products * work * heads * headDim,
  );
}
