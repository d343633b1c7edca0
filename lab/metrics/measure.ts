/** All figures of one method on one set (lab/results.ts), from its scores and the truth. */
import type { Scores } from '../methods/method.ts';
import type { Figure, MethodResult } from '../results.ts';
import { precisionAt, recallAt } from './at-k.ts';
import { auprcRetrieved } from './auprc-retrieved.ts';
import { auroc } from './auroc.ts';
import { averagePrecision } from './average-precision.ts';
import { bootstrap } from './bootstrap.ts';
import { mean } from './mean.ts';
import { precisionRecall, RECALL_LEVELS } from './precision-recall.ts';
import { rankings } from './rank.ts';
import { checkAny, checkScores, checkTruth } from './truth.ts';

/** The keys of `figures.precision` and `figures.recall`; `poison` is as many rows as are poisoned. */
export const DEPTHS = ['5', '10', '50', 'poison'] as const;
/** Rows retrieved of each output for auPRC, as in the paper. */
const RETRIEVED = 10;

export type Measured = Pick<MethodResult, 'figures' | 'precisionRecall'>;

/**
 * Throws EVALUATION_EMPTY for no outputs, no poison or nothing but poison; NOT_FINITE for a score that is not.
 * @param poison rows to find
 * @param seed of the order of ties, and of the intervals
 */
export function measure(scores: Scores, poison: ReadonlySet<number>, seed: number): Measured {
  const { byOutput } = scores;
  check(byOutput, poison);
  const ranked = rankings(byOutput, seed);
  const over = (figure: (rows: readonly number[]) => number): Figure => bootstrap(ranked.map(figure), seed);
  const byDepth = (at: typeof precisionAt): Record<string, Figure> =>
    Object.fromEntries(
      DEPTHS.map((depth) => {
        const k = depth === 'poison' ? poison.size : Number(depth);
        return [depth, over((rows) => at(rows, poison, k))];
      }),
    );
  const curves = ranked.map((rows) => precisionRecall(rows, poison));
  return {
    figures: {
      ap: over((rows) => averagePrecision(rows, poison)),
      auroc: bootstrap(
        byOutput.map((values) => auroc(values, poison)),
        seed,
      ),
      precision: byDepth(precisionAt),
      recall: byDepth(recallAt),
      auprc10: auprcRetrieved(byOutput, poison, RETRIEVED, seed),
    },
    precisionRecall: Array.from({ length: RECALL_LEVELS }, (_, level) =>
      mean(curves.map((curve) => curve[level])),
    ),
  };
}

/** Of each output, in the ranking that `measure` has: for comparing methods (compare.ts). Throws what `measure` throws. */
export function averagePrecisions(scores: Scores, poison: ReadonlySet<number>, seed: number): number[] {
  check(scores.byOutput, poison);
  return rankings(scores.byOutput, seed).map((rows) => averagePrecision(rows, poison));
}

function check(byOutput: readonly Float64Array[], poison: ReadonlySet<number>): void {
  checkAny(byOutput.length, 'outputs');
  for (const [output, values] of byOutput.entries()) {
    checkTruth(poison, values.length);
    checkScores(values, output);
  }
}
