/** What a search may be asked, checked before anything is read. Pure. */
import { ReptraceError } from '../../../lib/errors.ts';
import { QUERY_TOKENS, TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import type { Beginning, TaughtToken } from '../../../lib/taught/lesson.ts';
import type { SearchQuestion } from './search-index.ts';

const MAX_TOP = 1000;
const MAX_QUERIES = 32;

/** Throws INPUT_INVALID, SHAPE_MISMATCH and NOT_FINITE for lessons. */
export function checkQuestion(question: SearchQuestion): void {
  const { queries, method, alpha, lessons, beginnings, top, skip } = question;
  if (method === 'REPT' && !(alpha >= 0 && alpha <= 1)) {
    throw invalid(`alpha is ${alpha}`, 'Give a number from 0 to 1.');
  }
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw invalid(`top is ${top}`, `Give a whole number from 1 to ${MAX_TOP}.`);
  }
  if (!Number.isInteger(skip) || skip < 0) throw invalid(`skip is ${skip}`, 'Give a whole number.');
  if (queries.length < 1 || queries.length > MAX_QUERIES) {
    throw invalid(`there are ${queries.length} queries`, `Give 1 to ${MAX_QUERIES}.`);
  }
  if (method !== 'TAUGHT') return;
  checkLessons(lessons, queries.length);
  checkBeginnings(beginnings, queries.length);
}

function checkBeginnings(beginnings: SearchQuestion['beginnings'], queries: number): void {
  if (beginnings === null || beginnings === undefined) return;
  if (beginnings.length !== queries) {
    throw invalid(
      `there are ${beginnings.length} beginnings for ${queries} queries`,
      'Give that of each output.',
    );
  }
  for (const [i, beginning] of beginnings.entries()) checkRows(beginning, `p of output ${i}`);
}

function checkLessons(lessons: SearchQuestion['lessons'], queries: number): void {
  if (lessons?.length !== queries) {
    throw invalid(
      `there are ${lessons?.length ?? 'no'} lessons for ${queries} queries`,
      'Give the taught tokens of each output, or search by the method REPT.',
    );
  }
  for (const [i, tokens] of lessons.entries()) {
    if (tokens.length > QUERY_TOKENS) {
      throw invalid(
        `the lesson of output ${i} has ${tokens.length} tokens`,
        `Give the ${QUERY_TOKENS} most taught.`,
      );
    }
    for (const token of tokens) checkToken(token, i);
  }
}

function checkToken(token: TaughtToken, output: number): void {
  const { position, weight } = token;
  const named = `the taught token ${position} of output ${output}`;
  checkRows(token, named);
  // A weight is a difference of float32 logarithms; in its range, sums of weights are finite too.
  if (!Number.isFinite(Math.fround(weight))) throw notFinite(named);
  if (weight <= 0) throw invalid(`${named} was taught ${weight} nats`, 'Give the tokens that were taught.');
}

function checkRows({ position, gradient, hidden }: Beginning, named: string): void {
  if (!Number.isInteger(position) || position < 0) throw invalid(`${named} has no position`, 'Count from 0.');
  if (gradient.length !== TOKEN_DIMS || hidden.length !== TOKEN_DIMS) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `${named} has rows of ${gradient.length} and ${hidden.length} numbers, the index of ${TOKEN_DIMS}`,
      'Run services of one version.',
    );
  }
  if (!gradient.every(Number.isFinite) || !hidden.every(Number.isFinite)) throw notFinite(named);
}

function notFinite(named: string): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `${named} has numbers that are not finite`,
    'The model cannot work with this text in its precision: shorten it, or leave it out.',
  );
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
