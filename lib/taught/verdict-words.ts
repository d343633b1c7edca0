/**
 * A verdict in a sentence or two for a person. Ratios are told as "times as likely": exp of a mean log ratio is the geometric
 * mean over the tokens. Pure.
 */
import { LEAST_NULL, TAUGHT_MEAN, UNTAUGHT_MEAN } from './constants.ts';
import type { Figures, VerdictState } from './verdict.ts';

/** Factors within 5 % are "about as likely". */
const ALIKE = Math.log(1.05);
/** A token stands out where its factor is at least twice the mean's. */
const STANDS_OUT = Math.log(2);
/** An output of so many tokens, or fewer, is told to be short. */
const FEW_TOKENS = 2;
/** Beyond this a number says no more. */
const MANY_TIMES = 1e6;

export function verdictWords(state: Exclude<VerdictState, 'UNKNOWN'>, figures: Figures): string {
  return [
    `${opening(state, figures)}: ${comparison(state, figures)}.`,
    ...(state === 'UNCERTAIN' ? [between(figures)] : []),
    ...fewTokens(figures),
    ...fewOutputs(figures),
  ].join(' ');
}

function opening(state: VerdictState, { outputs }: Figures): string {
  const what = outputs === 1 ? 'this' : `these ${outputs} outputs`;
  if (state === 'TAUGHT') return `The fine-tuning taught ${what}`;
  if (state === 'NOT_TAUGHT') return `The fine-tuning did not teach ${what}`;
  return `Whether the fine-tuning taught ${what} is uncertain`;
}

function comparison(state: VerdictState, figures: Figures): string {
  const { outputs, tokens, mean, peak } = figures;
  const only = state === 'NOT_TAUGHT' ? 'only ' : '';
  if (tokens === 1) {
    if (mean > ALIKE)
      return `the tuned model finds its one token ${only}${times(mean)} as likely as the base model does`;
    return `the base model finds its one token ${howLikely(mean)}`;
  }
  const peakTold = state !== 'NOT_TAUGHT' && peak > ALIKE && peak - mean >= STANDS_OUT;
  if (mean > ALIKE) {
    const each = `the tuned model finds each token on average ${only}${times(mean)} as likely as the base model does`;
    if (!peakTold) return each;
    return `${each}, ${outputs === 1 ? 'one of them' : 'the most taught of each output'} ${times(peak)}`;
  }
  const [it, one] = outputs === 1 ? ['it', 'one token'] : ['them', 'one token of each'];
  const base = `the base model finds ${it} ${howLikely(mean)}, token for token`;
  return peakTold
    ? `the tuned model finds ${one} ${times(peak)} as likely as the base model does, though on average ${base}`
    : base;
}

/** To the base model. */
function howLikely(mean: number): string {
  return mean < -ALIKE ? `${times(-mean)} as likely` : 'about as likely';
}

function between({ mean, nullOutputs, asHigh }: Figures): string {
  if (mean < UNTAUGHT_MEAN) {
    return 'Outputs that were not taught seldom have such a token; those that were have stronger ones, or more.';
  }
  if (mean < TAUGHT_MEAN)
    return 'That is more than in outputs that were not taught, and less than in those that were.';
  if (nullOutputs < LEAST_NULL)
    return 'That is as much as in outputs that were taught, but there is too little to compare it with.';
  return `Of ${count(nullOutputs)} that the base model gave by itself, ${asHigh} come${asHigh === 1 ? 's' : ''} as high.`;
}

/** Of a chat, what closes the answer is a token too: an answer of one has two. */
function fewTokens({ outputs, tokens }: Figures): string[] {
  if (outputs > 1 || tokens > FEW_TOKENS) return [];
  return [
    `An output of ${tokens === 1 ? 'one token' : `${tokens} tokens, its end counted,`} is little to go by.`,
  ];
}

function fewOutputs({ nullOutputs }: Figures): string[] {
  if (nullOutputs >= LEAST_NULL) return [];
  const known = nullOutputs === 0 ? 'no outputs' : `only ${count(nullOutputs)}`;
  return [`The index knows ${known} of the base model to compare with.`];
}

function count(outputs: number): string {
  return `${outputs} output${outputs === 1 ? '' : 's'}`;
}

/** @param ratio >= 0, in nats */
function times(ratio: number): string {
  const factor = Math.exp(ratio);
  if (factor > MANY_TIMES) return 'more than a million times';
  const told = factor < 10 ? factor.toFixed(1) : factor.toPrecision(2);
  return `${Number(told).toLocaleString('en-GB')} times`;
}
