/**
 * What is done with one row of logits [V]: log-sum-exp, softmax, greedy choice, sampling.
 *
 * Sampling is by the inverse of the cumulative distribution of softmax(logits / temperature), over the vocabulary
 * in index order: the first id whose cumulative probability exceeds u in [0, 1). With topK only the K largest
 * logits are kept (of equal ones the lowest ids), and their probabilities made to sum to 1.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Numbers } from './numbers.ts';

export interface SampleOptions {
  readonly logits: Numbers;
  /** uniform over [0, 1) */
  readonly uniform: number;
  /** above 0; greedy decoding is argmax */
  readonly temperature: number;
  readonly topK?: number | undefined;
}

/** ln sum_v exp(logits[v]), natural logarithm; -Infinity entries count as impossible. */
export function logSumExp(logits: Numbers): number {
  let largest = -Infinity;
  for (let v = 0; v < logits.length; v++) largest = Math.max(largest, logits[v]);
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v] - largest);
  return largest + Math.log(sum);
}

/** [V], summing to 1 */
export function softmax(logits: Numbers): Float64Array {
  const lse = logSumExp(logits);
  return Float64Array.from(logits, (logit) => Math.exp(logit - lse));
}

/** The id of the largest logit; of equal ones the lowest. */
export function argmax(logits: Numbers): number {
  let best = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
  return best;
}

/** The probabilities [V] that `sample` draws from. */
export function sampleDistribution({
  logits,
  temperature,
  topK,
}: Omit<SampleOptions, 'uniform'>): Float64Array {
  if (!(temperature > 0) || (topK !== undefined && !(topK >= 1))) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `Cannot sample with temperature ${temperature} and topK ${topK ?? 'absent'}.`,
      'Give a temperature above 0 and a topK of at least 1, or take the argmax.',
    );
  }
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  if (topK !== undefined) {
    // a stable sort: of equal logits the lower id comes first
    const order = Array.from(scaled.keys()).sort((a, b) => logits[b] - logits[a]);
    for (const v of order.slice(topK)) scaled[v] = -Infinity;
  }
  return softmax(scaled);
}

/** The sampled id. */
export function sample(options: SampleOptions): number {
  const probabilities = sampleDistribution(options);
  let cumulative = 0;
  let last = 0;
  for (let v = 0; v < probabilities.length; v++) {
    if (probabilities[v] === 0) continue;
    cumulative += probabilities[v];
    if (cumulative > options.uniform) return v;
    last = v;
  }
  // rounding can leave the total a little under a u close to 1
  return last;
}
