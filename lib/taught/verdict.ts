/**
 * Whether the fine-tuning taught an output, from the log ratios of its tokens beside those of outputs that the base model gave
 * itself (the null). Pure; the thresholds and what they rest on are in constants.ts, the sentences in verdict-words.ts.
 */
import { ReptraceError } from '../errors.ts';
import { LEAST_NULL, TAUGHT_MEAN, TAUGHT_P, TAUGHT_PEAK, UNTAUGHT_MEAN, UNTAUGHT_PEAK } from './constants.ts';
import { verdictWords } from './verdict-words.ts';

export type VerdictState = 'TAUGHT' | 'NOT_TAUGHT' | 'UNCERTAIN' | 'UNKNOWN';

export interface Verdict {
  readonly state: VerdictState;
  /** For a person. */
  readonly words: string;
  /** What to do about it; null where there is nothing. */
  readonly remedy: string | null;
  /** Mean over the response tokens of log p_tuned - log p_base, in nats; of several outputs the mean of theirs. */
  readonly meanRatio: number | null;
  /** The largest of them. */
  readonly peakRatio: number | null;
  /** (1 + null means that are as high) / (1 + null means). */
  readonly pValue: number | null;
  readonly nullOutputs: number | null;
}

/** What is known of outputs, for rules and sentences. */
export interface Figures {
  readonly outputs: number;
  /** Response tokens of all outputs. */
  readonly tokens: number;
  readonly mean: number;
  readonly peak: number;
  readonly nullOutputs: number;
  /** Null outputs whose mean is as high, or higher. */
  readonly asHigh: number;
}

/** Of an index without a base model. */
export const UNKNOWN_VERDICT: Verdict = {
  state: 'UNKNOWN',
  words: 'There is no base model to compare with, so whether the fine-tuning taught this is not known.',
  remedy: 'Build the index with a base model: reptrace index build --base DIR.',
  meanRatio: null,
  peakRatio: null,
  pValue: null,
  nullOutputs: null,
};

/**
 * @param ratios for each output, log p_tuned - log p_base of its response tokens, in nats
 * @param nullRatios mean ratios of the null's outputs; may be empty, and the p-value is then 1
 *
 * Throws NOT_FINITE, naming the token.
 */
export function verdictOf(ratios: readonly ArrayLike<number>[], nullRatios: readonly number[]): Verdict {
  const figures = figuresOf(ratios, nullRatios);
  const { mean, peak, nullOutputs, asHigh } = figures;
  const pValue = (1 + asHigh) / (1 + nullOutputs);
  const state = stateOf(mean, peak, pValue, nullOutputs);
  return {
    state,
    words: verdictWords(state, figures),
    remedy: state === 'UNCERTAIN' ? 'Trace more outputs of the same incident together.' : null,
    ...{ meanRatio: mean, peakRatio: peak, pValue, nullOutputs },
  };
}

function stateOf(
  mean: number,
  peak: number,
  pValue: number,
  nullOutputs: number,
): Exclude<VerdictState, 'UNKNOWN'> {
  // A null of few outputs cannot give a small p-value: then none of them may be as high. One of next to none says nothing.
  const rare = nullOutputs >= LEAST_NULL && pValue <= Math.max(TAUGHT_P, 1 / (1 + nullOutputs));
  if ((mean >= TAUGHT_MEAN && rare) || peak >= TAUGHT_PEAK) return 'TAUGHT';
  return mean < UNTAUGHT_MEAN && peak < UNTAUGHT_PEAK ? 'NOT_TAUGHT' : 'UNCERTAIN';
}

function figuresOf(ratios: readonly ArrayLike<number>[], nullRatios: readonly number[]): Figures {
  const outputs = ratios.map((tokens, i) => meanAndPeak(tokens, i));
  const mean = meanOf(outputs.map((output) => output.mean));
  return {
    outputs: outputs.length,
    tokens: ratios.reduce((sum, { length }) => sum + length, 0),
    mean,
    peak: meanOf(outputs.map(({ peak }) => peak)),
    nullOutputs: nullRatios.length,
    asHigh: nullRatios.filter((ratio) => ratio >= mean).length,
  };
}

function meanAndPeak(ratios: ArrayLike<number>, output: number): { mean: number; peak: number } {
  const values = Array.from(ratios);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) {
    throw new ReptraceError(
      'NOT_FINITE',
      `the log ratio of response token ${bad + 1} of output ${output + 1} is ${values[bad]}`,
      'Check that both models are whole: reptrace doctor.',
    );
  }
  return { mean: meanOf(values), peak: values.reduce((most, value) => Math.max(most, value), -Infinity) };
}

function meanOf(values: readonly number[]): number {
  if (values.length === 0) throw new Error('a verdict needs an output, and an output a response token');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
