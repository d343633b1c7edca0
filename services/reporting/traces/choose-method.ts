/** Which formula a question is answered by, and why: from what was asked and what the index has. Pure. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { OpenIndex, SearchMethod } from '../../../lib/mesh/index-messages.ts';
import type { TaughtToken } from '../../../lib/taught/lesson.ts';
import type { TraceQuestion } from './trace.ts';

export interface ChosenMethod {
  readonly method: SearchMethod;
  /** In words. */
  readonly reason: string;
  /** Of REPT: weight of the hidden states' cosine. */
  readonly alpha: number | null;
}

const ALL_ZERO = 'all scores are 0';
const ONLY_BEGINNING = 'only where it begins counts';

/** Throws INPUT_INVALID where TAUGHT is asked for and the index has no base model. */
export function chooseMethod(question: TraceQuestion, index: OpenIndex): ChosenMethod {
  const { method, alpha } = question;
  const hasBase = index.manifest.taught !== null;
  if (method === 'TAUGHT' && !hasBase) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `the index ${index.name} has no base model, and the method TAUGHT compares with it`,
      'Build the index with a base model (reptrace index build --base DIR), or leave the method out.',
    );
  }
  if (method === 'REPT') return rept('asked for', question);
  if (method !== null) return { method, reason: 'asked for', alpha: null };
  if (alpha !== null) return rept('alpha was given', question);
  if (!hasBase) return rept('the index has no base model', question);
  return { method: 'TAUGHT', reason: 'the index has a base model', alpha: null };
}

/**
 * The method once the output's words are known. Where TAUGHT is the default and no token of any output is likelier than before
 * the fine-tuning, there are no words to go by: all scores would be 0, and the matches any samples, or those that begin as the
 * output does. Where TAUGHT was asked for, the reason says so.
 *
 * @param lessons of each output its taught tokens; null without a base model
 * @param begins whether p of the outputs counts too
 */
export function settleMethod(
  chosen: ChosenMethod,
  question: TraceQuestion,
  lessons: readonly (readonly TaughtToken[])[] | null,
  begins: boolean,
): ChosenMethod {
  if (chosen.method !== 'TAUGHT') return chosen;
  if (lessons?.some((tokens) => tokens.length > 0) === true) return chosen;
  if (question.method !== null)
    return {
      ...chosen,
      reason: `asked for; no word of the output was taught, so ${begins ? ONLY_BEGINNING : ALL_ZERO}`,
    };
  return rept('no word of the output was taught, so there is none to go by', question);
}

/** Without a prompt the hidden state is the same for every output. */
function rept(reason: string, { alpha, questions }: TraceQuestion): ChosenMethod {
  return { method: 'REPT', reason, alpha: alpha ?? (isPrompted(questions) ? 0.5 : 0) };
}

export function isPrompted(questions: TraceQuestion['questions']): boolean {
  return questions.every(({ prompt }) => prompt !== null);
}
