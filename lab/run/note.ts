/** What a reader must know of a set's figures, a sentence each, and why there is no ranking: what would else be a table of NaN. Pure. */
import type { PoisonKind } from '../sets/recipe.ts';
import type { Answered } from './answers.ts';

/** Share of the questions that call for a behaviour below which it counts as not taught, and from which on as known before. */
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
  { rate, traced, tooLong }: Pick<Answered, 'rate' | 'traced' | 'tooLong'>,
): string | null {
  if (kind === 'none') return 'nothing is planted: only the verdicts are measured';
  if (poison === 0) return 'no row is poison: there is nothing to find';
  if (poison === rows) return 'all rows are poison: every ranking is as good as any other';
  if (rate.calling === null) return 'no question calls for the behaviour: no output can be traced';
  if (rate.calling < LEAST_RATE) {
    return `the behaviour was not taught: ${shareText(rate.calling)} of the questions that call for it show it`;
  }
  if (traced.length > 0) return null;
  return tooLong.showing > 0
    ? 'no output that shows the behaviour can be traced: each fills the model’s context'
    : 'no output that shows the behaviour is traced';
}

/** Of any set, whether it has a ranking or not. @param context tokens that the model holds */
export function asides({ rate, tooLong }: Pick<Answered, 'rate' | 'tooLong'>, context: number): string[] {
  const notes: string[] = [];
  if (rate.base !== null && rate.base >= LEAST_RATE) {
    notes.push(
      `the base model shows the behaviour before any training: ${shareText(rate.base)} of the questions that call for it, so not all that shows it was taught here`,
    );
  }
  const { showing, clean, ofBase } = tooLong;
  const counts = [
    [showing, 'that show the behaviour'],
    [clean, 'to clean questions'],
    [ofBase, 'of the base model'],
  ] as const;
  const left = counts.flatMap(([count, which]) => (count === 0 ? [] : [`${count} ${which}`]));
  if (left.length > 0) {
    notes.push(
      `outputs left out, for with their questions they fill the model’s context of ${context} tokens: ${left.join(', ')}`,
    );
  }
  return notes;
}

function shareText(share: number): string {
  return share.toFixed(2).replace(/^0/, '');
}
