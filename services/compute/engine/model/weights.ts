/**
 * A Llama model's weights on the GPU, as data: matrices in stored precision, possibly in parts (a binding has a largest
 * size), and vectors (norms, biases) widened to float32.
 */
import type { Matrix, Tensor } from '../device/tensor.ts';

/** One linear layer: rows of the weight in consecutive parts, each with its slice of the bias. */
export interface Projection {
  /** As in the checkpoint, without `.weight`: `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly parts: readonly ProjectionPart[];
  readonly inputs: number;
  readonly outputs: number;
}

export interface ProjectionPart {
  readonly w: Matrix;
  readonly bias: Tensor | undefined;
}

/** An RMSNorm's scale. */
export interface Norm {
  readonly name: string;
  readonly weight: Tensor;
}

export interface BlockWeights {
  readonly inputNorm: Norm;
  readonly q: Projection;
  readonly k: Projection;
  readonly v: Projection;
  readonly o: Projection;
  readonly postNorm: Norm;
  readonly gate: Projection;
  readonly up: Projection;
  readonly down: Projection;
}

export interface ModelWeights {
  readonly embedding: Projection;
  readonly blocks: readonly BlockWeights[];
  readonly norm: Norm;
  /** The same object as `embedding` where the model ties them. */
  readonly head: Projection;
}
