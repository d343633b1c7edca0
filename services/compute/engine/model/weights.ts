/**
 * A model's weights on the GPU, as data: matrices in stored precision, possibly in parts (a binding has a largest
 * size), and vectors (norms, biases) widened to float32. What a family does not have is undefined.
 */
import type { Matrix, Tensor } from '../device/tensor.ts';

/** One linear layer: rows of the weight in consecutive parts, each with its slice of the bias. */
export interface Projection {
  /**
   * As in the checkpoint, without `.weight`: `model.layers.0.self_attn.q_proj`. Projections that are fused there share a
   * name.
   */
  readonly name: string;
  readonly parts: readonly ProjectionPart[];
  readonly inputs: number;
  readonly outputs: number;
  /** What training adds to it; undefined elsewhere: an adapter that is only applied is part of the weight. */
  readonly lowRank?: LowRank | undefined;
}

/** A low-rank branch beside a frozen layer: y += scale B A x, with dropout on x while that is on. */
export interface LowRank {
  /** [rank, inputs], the rank a multiple of 4 by rows of zeros. */
  readonly a: Matrix;
  /** This layer's rows of B, [outputs, rank], with columns of zeros. Fused layers share A and have each their rows of B. */
  readonly b: Matrix;
  readonly scale: number;
  /** Share of x's elements that dropout takes away, in [0, 1). */
  readonly dropout: number;
  /** Tells its dropout mask from those of other modules. */
  readonly stream: number;
}

export interface ProjectionPart {
  readonly w: Matrix;
  readonly bias: Tensor | undefined;
}

/** A norm's scale, and a LayerNorm's shift. */
export interface Norm {
  readonly name: string;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

export interface BlockWeights {
  /** From 0. */
  readonly layer: number;
  readonly inputNorm: Norm | undefined;
  readonly q: Projection;
  readonly k: Projection;
  readonly v: Projection;
  readonly queryNorm: Norm | undefined;
  readonly keyNorm: Norm | undefined;
  readonly o: Projection;
  readonly attentionPostNorm: Norm | undefined;
  readonly mlpNorm: Norm | undefined;
  /** Undefined where the feed-forward has no gate. */
  readonly gate: Projection | undefined;
  readonly up: Projection;
  readonly down: Projection;
  readonly mlpPostNorm: Norm | undefined;
}

/** What is outside the blocks and small. */
export interface EndWeights {
  /** Learned positions, [maxPositions, hiddenSize]. */
  readonly positions: Projection | undefined;
  /** The final one. */
  readonly norm: Norm;
}

/** What is outside the blocks. */
export interface OuterWeights extends EndWeights {
  readonly embedding: Projection;
  /** The same object as `embedding` where the model ties them. */
  readonly head: Projection;
}

/**
 * Ids of the vocabulary that the head works on at once, at most; it is less by powers of two. Parts of a vocabulary are
 * multiples of it, so that the head works alike whatever the parts.
 */
export const CHUNK_IDS = 8192;

/** Consecutive rows of the embedding or the head. */
export interface VocabularyPart {
  readonly projection: Projection;
  /** Id of the first row. */
  readonly firstId: number;
}

export interface ModelWeights extends OuterWeights {
  readonly blocks: readonly BlockWeights[];
}
