/**
 * Floating point operations of a signature run, counted from what is executed: two for each multiply-add of a matrix
 * product, and nothing for norms, rotations, activations, softmax or transposes (a few percent together).
 */
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';

export interface SignatureRun {
  readonly config: Pick<
    ModelConfig,
    'hiddenSize' | 'intermediateSize' | 'heads' | 'kvHeads' | 'headDim' | 'layers' | 'vocabSize'
  >;
  /** Tokens of the batch. */
  readonly rows: number;
  /** Tokens that are predicted: the head runs on these alone. */
  readonly lossRows: number;
  /** (query, key) pairs that attention sees: the sum over samples of T (T + 1) / 2. */
  readonly pairs: number;
  /** Whether the logits come in several chunks, and are computed again in the backward. */
  readonly headTwice: boolean;
  /** The layer of the signature: the backward stops there. */
  readonly layer: number;
}

export interface SignatureFlops {
  readonly projections: number;
  readonly attention: number;
  readonly head: number;
  readonly total: number;
}

/** Q kT and P v. */
const FORWARD_PRODUCTS = 2;
/** As a flash attention does: scores and dP for dq and again for dk and dv, then dq, dk and dv themselves. */
const BACKWARD_PRODUCTS = 7;

export function signatureFlops({
  config,
  rows,
  lossRows,
  pairs,
  headTwice,
  layer,
}: SignatureRun): SignatureFlops {
  const { layers, heads, headDim, hiddenSize, vocabSize } = config;
  // No weight gradients: the backward of a block is one product per matrix, as its forward is.
  const passes = layers + (layers - layer);
  const projections = passes * 2 * rows * blockWeights(config);
  const products = layers * FORWARD_PRODUCTS + (layers - layer) * BACKWARD_PRODUCTS;
  const attention = products * 2 * pairs * heads * headDim;
  const head = (headTwice ? 3 : 2) * 2 * lossRows * vocabSize * hiddenSize;
  return { projections, attention, head, total: projections + attention + head };
}

/** Elements of the seven matrices of a block. */
export function blockWeights(config: SignatureRun['config']): number {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  return hiddenSize * (2 * heads * headDim + 2 * kvHeads * headDim + 3 * intermediateSize);
}
