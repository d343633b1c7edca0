/**
 * How good a ranking of the dataset's rows is, the rows that carry the traced behaviour being those to find: the lab's figures that
 * the demo shows. Pure.
 */
import { precisionAt } from '../../lab/metrics/at-k.ts';
import { averagePrecision, chanceAveragePrecision } from '../../lab/metrics/average-precision.ts';
import { mean } from '../../lab/metrics/mean.ts';

export interface Quality {
  /** Mean, over the rows to find, of the share of such rows among all up to its rank. */
  readonly averagePrecision: number;
  /** Share of rows to find among the ten best. */
  readonly precisionAt10: number;
}

const TOP = 10;

/**
 * Throws EVALUATION_EMPTY.
 * @param ranked rows, best first: the whole dataset, or the best part of it. Rows to find that are not among them count as
 *   the very last of the dataset: the average precision is then the least that it can be.
 * @param wanted rows to find
 * @param total rows of the dataset
 */
export function qualityOf(ranked: readonly number[], wanted: ReadonlySet<number>, total: number): Quality {
  return {
    averagePrecision: averagePrecision(ranked, wanted, total),
    precisionAt10: precisionAt(ranked, wanted, TOP),
  };
}

/** What rankings by chance have on average. */
export function chance(wanted: number, total: number): Quality {
  return { averagePrecision: chanceAveragePrecision(wanted, total), precisionAt10: wanted / total };
}

/** Mean of each figure. */
export function meanQuality(of: readonly Quality[]): Quality {
  return {
    averagePrecision: mean(of.map(({ averagePrecision }) => averagePrecision)),
    precisionAt10: mean(of.map(({ precisionAt10 }) => precisionAt10)),
  };
}
