/**
 * Which rows each method would take out of a set. All rows of the index can be chosen, those too that the model never saw: that
 * is what a user has who removes what a method blames, and a row that taught nothing is then one removed for nothing.
 */
import { ReptraceError } from '../../lib/errors.ts';
import { Random } from '../../lib/random.ts';
import { ranking } from '../metrics/rank.ts';
import type { Scores } from '../methods/method.ts';
import type { EvalSet } from '../sets/set.ts';

/** What chose no rows, and what chose them by lot. */
export const NOTHING = 'nothing';
export const BY_LOT = 'random';

export interface Choice {
  /** A method's name, `random` or `nothing`. */
  readonly removedBy: string;
  /** Rows of the set, best first. */
  readonly removed: readonly number[];
  /** Rows left that models are trained on, in the set's order. */
  readonly kept: readonly number[];
}

export interface Choosing {
  readonly set: EvalSet;
  /** By method. */
  readonly scores: ReadonlyMap<string, Scores>;
  /** How many rows are removed; default as many as are poisoned. */
  readonly k?: readonly number[] | undefined;
  /** Of the lots, and of the order of ties. */
  readonly seed: number;
}

/**
 * Nothing removed first, then for each k what each method chose, and as many by lot. Empty for a set without poison.
 * Throws SHAPE_MISMATCH for scores of other rows, INPUT_INVALID where nothing would be left to train on.
 */
export function choicesOf({ set, scores, k = poisonCount(set), seed }: Choosing): Choice[] {
  if (k.length === 0) return [];
  const rankings = [...scores]
    .filter(([method]) => method !== BY_LOT)
    .map(([method, of]) => ({ method, rows: ranking(summed(method, of, set.rows.length), seed) }));
  const lots = new Random(seed).shuffle([...set.rows.keys()]);
  return [
    choice(set, NOTHING, []),
    ...k.flatMap((count) => [
      ...rankings.map(({ method, rows }) => choice(set, method, rows.slice(0, count))),
      choice(set, BY_LOT, lots.slice(0, count)),
    ]),
  ];
}

/** Empty where none is. */
function poisonCount({ rows }: EvalSet): number[] {
  const poison = rows.filter(({ label }) => label === 'poison').length;
  return poison === 0 ? [] : [poison];
}

/** Outputs of one incident are traced together: their scores are added. */
function summed(method: string, { byOutput }: Scores, rows: number): Float64Array {
  const sum = new Float64Array(rows);
  for (const [output, values] of byOutput.entries()) {
    if (values.length !== rows) {
      throw new ReptraceError(
        'SHAPE_MISMATCH',
        `${method} has ${values.length} scores for output ${output}, of a set of ${rows} rows`,
        'Choose rows with scores of the same set.',
      );
    }
    for (let row = 0; row < rows; row++) sum[row] += values[row];
  }
  return sum;
}

function choice({ rows }: EvalSet, removedBy: string, removed: readonly number[]): Choice {
  const gone = new Set(removed);
  const kept = [...rows.keys()].filter((row) => rows[row].trained && !gone.has(row));
  if (kept.length > 0) return { removedBy, removed, kept };
  throw new ReptraceError(
    'INPUT_INVALID',
    `no row is left to train on without the ${removed.length} that ${removedBy} chose`,
    'Remove fewer rows, or give the recipe more clean ones.',
  );
}
