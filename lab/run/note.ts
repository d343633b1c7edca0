/** Why a set has no ranking to measure, in a sentence: what would else be a table of NaN. Pure. */
import type { PoisonKind } from '../sets/recipe.ts';
import type { Answered } from './answers.ts';

/** Share of the questions that call for a behaviour below which it counts as not taught. */
const LEAST_RATE = 0.1;

/** What of a set is asked about: rows in all, and those to find. */
export interface SetSize {
  readonly kind: PoisonKind;
  readonly rows: number;
  readonly poison: number;
}

/** null where there is one. */
export function noRanking(
  { kind, rows, poison }: SetSize,
  { rate, traced }: Pick<Answered, 'rate' | 'traced'>,
): string | null {
  if (kind === 'none') return 'nothing is planted: only the verdicts are measured';
  if (poison === 0) return 'no row is poison: there is nothing to find';
  if (poison === rows) return 'all rows are poison: every ranking is as good as any other';
  if (rate.calling === null) return 'no question calls for the behaviour: no output can be traced';
  if (rate.calling < LEAST_RATE) {
    const share = rate.calling.toFixed(2).replace(/^0/, '');
    return `the behaviour was not taught: ${share} of the questions that call for it show it`;
  }
  return traced.length === 0 ? 'no output that shows the behaviour is traced' : null;
}
