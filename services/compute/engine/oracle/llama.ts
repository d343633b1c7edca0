/**
 * A whole Llama model in float64: hidden states, logits, losses, and the gradient of the loss with respect to every
 * hidden state (and, if asked, every weight). What the engine on the GPU is compared with, end to end.
 *
 * Hidden states are numbered as in Hugging Face's output_hidden_states: 0 is the embedding output, l the output of
 * block l (counted from 1), and L, the last, is taken after the final norm. All are [N, D].
 *
 * The loss of a sample is the mean cross-entropy over its response tokens, promptLength … T - 1, each predicted by
 * the row before it. Gradients are of L = sum over samples of sampleWeight * loss; samples share nothing, so with
 * weights of 1 each sample's rows hold the gradient of its own loss.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { linearForward, linearInputBackward, linearWeightBackward } from './linear.ts';
import {
  type BlockContext,
  type BlockTape,
  type LlamaShape,
  type WeightGradients,
  type Weights,
  addGradient,
  blockBackward,
  blockForward,
  weightOf,
} from './llama-block.ts';
import { type Numbers, copyRows } from './numbers.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';

export type { LlamaShape, WeightGradients, Weights } from './llama-block.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const FINAL_NORM = 'model.norm.weight';
const HEAD = 'lm_head.weight';

export interface LlamaForward {
  readonly shape: LlamaShape;
  readonly weights: Weights;
  /** [N] packed token ids */
  readonly ids: Numbers;
  /** [B + 1] */
  readonly starts: readonly number[];
}

export interface LlamaBackward extends LlamaForward {
  /** [B], each from 1 to the length of its sequence - 1 */
  readonly promptLengths: readonly number[];
  /** [B]; 1 each if absent. Response tokens / all response tokens makes L the mean over tokens, as in training. */
  readonly sampleWeights?: readonly number[] | undefined;
  /** also compute the gradient of every weight */
  readonly weightGradients?: boolean | undefined;
}

export interface LlamaStates {
  /** L + 1 arrays [N, D] */
  readonly hidden: readonly Float64Array[];
  /** [N, V] */
  readonly logits: Float64Array;
}

export interface LlamaGradients extends LlamaStates {
  /** for each sample, the negative log-likelihood (nats) of its response tokens */
  readonly nll: readonly Float64Array[];
  /** [B], the mean of each sample's nll */
  readonly losses: Float64Array;
  /** sum over samples of sampleWeight * loss */
  readonly loss: number;
  /** L + 1 arrays [N, D]: dL/dhidden at all positions */
  readonly gradients: readonly Float64Array[];
  /** by Hugging Face name; of tied weights one gradient, under the embedding's name. Empty unless asked for. */
  readonly weightGradients: WeightGradients;
}

/** The row that predicts each response token, packed sample after sample, and how much it counts. */
interface LossRows {
  readonly rows: readonly number[];
  readonly scale: readonly number[];
  /** for each sample, the number of its response tokens */
  readonly counts: readonly number[];
}

function lossRowsOf({ starts, promptLengths, sampleWeights }: LlamaBackward): LossRows {
  const rows: number[] = [];
  const scale: number[] = [];
  const counts = promptLengths.map((promptLength, b) => {
    const length = starts[b + 1] - starts[b];
    if (!(promptLength >= 1 && promptLength < length)) {
      throw new ReptraceError(
        'INPUT_INVALID',
        `Sample ${b} of ${length} tokens has promptLength ${promptLength}.`,
        'Give every sample at least one prompt token and one response token.',
      );
    }
    const count = length - promptLength;
    for (let i = 0; i < count; i++) {
      rows.push(starts[b] + promptLength - 1 + i);
      scale.push((sampleWeights?.[b] ?? 1) / count);
    }
    return count;
  });
  return { rows, scale, counts };
}

/** The forward pass with all that its backward needs. `last` is the output of the last block, before the norm. */
function run(options: LlamaForward, context: BlockContext) {
  const { shape, weights, ids } = options;
  const { hiddenSize: width, vocabSize } = shape;
  let x: Float64Array = embeddingForward({ ids, table: weightOf(weights, EMBEDDING), vocabSize, width });
  const hidden: Float64Array[] = [x];
  const tapes: BlockTape[] = [];
  for (let layer = 0; layer < shape.layers; layer++) {
    const { y, tape } = blockForward(context, layer, x);
    tapes.push(tape);
    hidden.push(y);
    x = y;
  }
  const finalNorm = weightOf(weights, FINAL_NORM);
  const normed = rmsNormForward({ x, weight: finalNorm, rows: ids.length, width, eps: shape.normEps });
  hidden[shape.layers] = normed;
  const headShape = { rows: ids.length, inner: width, outer: vocabSize };
  const logits = linearForward({ x: normed, weight: headOf(weights), ...headShape });
  return { hidden, last: x, logits, tapes, headShape };
}

function headOf(weights: Weights): Numbers {
  return weights.get(HEAD) ?? weightOf(weights, EMBEDDING);
}

export function llamaForward(options: LlamaForward): LlamaStates {
  const { shape, weights, starts, ids } = options;
  const { hidden, logits } = run(options, { shape, weights, starts, rows: ids.length });
  return { hidden, logits };
}

export function llamaBackward(options: LlamaBackward): LlamaGradients {
  const { shape, weights, starts, ids } = options;
  const { hiddenSize: width, vocabSize, layers, normEps: eps } = shape;
  const rows = ids.length;
  const weightGradients: WeightGradients = new Map<string, Float64Array>();
  const collected = options.weightGradients ? weightGradients : undefined;
  const context = { shape, weights, starts, rows, weightGradients: collected };
  const { hidden, last, logits, tapes, headShape } = run(options, context);

  const lossRows = lossRowsOf(options);
  const lossLogits = new Float64Array(lossRows.rows.length * vocabSize);
  for (const [r, row] of lossRows.rows.entries()) {
    lossLogits.set(copyRows(logits, vocabSize, row, 1), r * vocabSize);
  }
  const entropy = {
    logits: lossLogits,
    targets: lossRows.rows.map((row) => ids[row + 1]),
    rows: lossRows.rows.length,
    vocabSize,
  };
  const nllRows = crossEntropyForward(entropy);
  const dLossLogits = crossEntropyBackward({ ...entropy, scale: lossRows.scale });
  const dLogits = new Float64Array(rows * vocabSize);
  for (const [r, row] of lossRows.rows.entries()) {
    dLogits.set(copyRows(dLossLogits, vocabSize, r, 1), row * vocabSize);
  }

  const gradients: Float64Array[] = hidden.map(() => new Float64Array(0));
  gradients[layers] = linearInputBackward({ dy: dLogits, weight: headOf(weights), ...headShape });
  if (collected) {
    const { dWeight } = linearWeightBackward({ dy: dLogits, x: hidden[layers], ...headShape });
    addGradient(collected, weights.has(HEAD) ? HEAD : EMBEDDING, dWeight);
  }
  const finalNorm = {
    x: last,
    weight: weightOf(weights, FINAL_NORM),
    dy: gradients[layers],
    rows,
    width,
    eps,
  };
  const { dx, dWeight } = rmsNormBackward(finalNorm);
  addGradient(collected, FINAL_NORM, dWeight);
  let gradient: Float64Array = dx;
  for (let layer = layers - 1; layer >= 0; layer--) {
    gradient = blockBackward(context, layer, tapes[layer], gradient);
    gradients[layer] = gradient;
  }
  if (collected) {
    addGradient(collected, EMBEDDING, embeddingBackward({ ids, dOut: gradient, vocabSize, width }));
  }

  let first = 0;
  const nll = lossRows.counts.map((count) => nllRows.slice(first, (first += count)));
  const losses = Float64Array.from(nll, (values) => values.reduce((a, b) => a + b, 0) / values.length);
  const loss = losses.reduce((total, value, b) => total + value * (options.sampleWeights?.[b] ?? 1), 0);
  return { hidden, logits, nll, losses, loss, gradients, weightGradients };
}
