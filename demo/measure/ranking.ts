/** How good a ranking of the dataset's rows is, the rows that carry the traced behaviour being those to find. Pure. */

export interface Quality {
  /** Mean, over the rows to find, of the share of such rows among all up to its rank. */
  readonly averagePrecision: number;
  /** Share of rows to find among the ten best. */
  readonly precisionAt10: number;
}

export const TOP = 10;

/**
 * @param ranked rows, best first: the whole dataset, or the best part of it. Rows to find that are not among them count as
 *   the very last of the dataset: the average precision is then the least that it can be.
 * @param wanted rows to find
 * @param total rows of the dataset
 */
export function qualityOf(ranked: readonly number[], wanted: ReadonlySet<number>, total: number): Quality {
  let found = 0;
  let sum = 0;
  for (const [i, row] of ranked.entries()) {
    if (!wanted.has(row)) continue;
    found++;
    sum += found / (i + 1);
  }
  const missing = wanted.size - found;
  for (let i = 1; i <= missing; i++) sum += (found + i) / (total - missing + i);
  return {
    averagePrecision: sum / wanted.size,
    precisionAt10: ranked.slice(0, TOP).filter((row) => wanted.has(row)).length / TOP,
  };
}

/** What rankings by chance have on average. */
export function chance(wanted: number, total: number): Quality {
  let harmonic = 0;
  for (let rank = 1; rank <= total; rank++) harmonic += 1 / rank;
  // At rank k a row is one to find with wanted / total; those before it are with (wanted - 1) / (total - 1).
  const before = (wanted - 1) / Math.max(1, total - 1);
  return {
    averagePrecision: (harmonic + before * (total - harmonic)) / total,
    precisionAt10: wanted / total,
  };
}

/** Mean of each figure. */
export function meanQuality(of: readonly Quality[]): Quality {
  return {
    averagePrecision: mean(of.map(({ averagePrecision }) => averagePrecision)),
    precisionAt10: mean(of.map(({ precisionAt10 }) => precisionAt10)),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
