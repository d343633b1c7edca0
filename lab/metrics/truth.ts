/** What a ranking is measured against: the rows to find. Where there is nothing to tell apart, no figure means anything. */
import { ReptraceError } from '../../lib/errors.ts';

/** Throws EVALUATION_EMPTY where no row is to be found, or every row is; INPUT_INVALID for rows that are not there. */
export function checkTruth(wanted: ReadonlySet<number>, rows: number): void {
  for (const row of wanted) {
    if (Number.isInteger(row) && row >= 0 && row < rows) continue;
    throw new ReptraceError(
      'INPUT_INVALID',
      `row ${row} is to be found, of ${rows} rows`,
      'Measure with the labels of the rows that were scored.',
    );
  }
  if (wanted.size > 0 && wanted.size < rows) return;
  throw new ReptraceError(
    'EVALUATION_EMPTY',
    wanted.size === 0
      ? `none of the ${rows} rows is poison, so no ranking is better than another`
      : `all of the ${rows} rows are poison, so every ranking is as good`,
    'Give the recipe both rows with the behaviour and rows without it.',
  );
}

/** Throws EVALUATION_EMPTY, naming what is missing, where there is no value to take a mean of. */
export function checkAny(count: number, what: string): void {
  if (count > 0) return;
  throw new ReptraceError(
    'EVALUATION_EMPTY',
    `there are no ${what} to measure`,
    'Ask more questions, or train until outputs show the behaviour.',
  );
}

/** Throws NOT_FINITE, naming the first score that is not a number. */
export function checkScores(scores: ArrayLike<number>, output: number): void {
  for (let row = 0; row < scores.length; row++) {
    if (Number.isFinite(scores[row])) continue;
    throw new ReptraceError(
      'NOT_FINITE',
      `the score of row ${row} for output ${output} is ${scores[row]}`,
      'Leave the row out, or the method.',
    );
  }
}
