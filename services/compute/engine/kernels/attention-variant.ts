/** What a variant of the attention kernels is: operands whose shapes attention.ts has checked, and a name to choose it by. */
import type { AdapterReport } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import type { Variant } from './variant-choice.ts';

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** [blocks, BLOCK_WORDS] u32, from `planBlocks`. */
  readonly blocks: Tensor;
  /** From `scoreWork`, for planning. */
  readonly work: number;
  /** Queries of the longest block; BLOCK_QUERIES if absent. Where it has few, the forward holds no room for more. */
  readonly longest?: number | undefined;
  /** What scores are multiplied by; 1 / sqrt(headDim) if absent. */
  readonly scale?: number | undefined;
  /** Scores become softcap * tanh(score / softcap) before the softmax (Gemma 2); as they are if absent. */
  readonly softcap?: number | undefined;
  /** Keys that a query sees at most, its own included (`sliding_window` of transformers); all up to its own if absent. */
  readonly window?: number | undefined;
}

export interface AttentionForward extends AttentionShape {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly out: Tensor;
  readonly lse: Tensor;
}

/** Queries and keys are the same packed rows. */
export interface AttentionBackward extends AttentionForward {
  readonly dout: Tensor;
  readonly dq: Tensor;
  readonly dk: Tensor;
  readonly dv: Tensor;
  /** [rows, heads], scratch. */
  readonly delta: Tensor;
}

/** No variant takes scratch memory: plans of memory do not ask which one runs. */
export interface AttentionVariant extends Variant {
  /** Whether it is the likely best there, among those before it in the list none being so. */
  suits(adapter: AdapterReport): boolean;
  forward(recorder: Recorder, attention: AttentionForward): void;
  /** dq and delta. */
  queryGrad(recorder: Recorder, attention: AttentionBackward): void;
  /** dk and dv, once delta is there. */
  keyGrad(recorder: Recorder, attention: AttentionBackward): void;
}
