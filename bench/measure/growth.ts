/** How timings grow from one size to the next: by 2 where work that takes time is linear and sizes double. */
import { quantile } from './statistics.ts';

/**
 * @param seconds by size, then by round
 * @returns by size, the middle one of the rounds' ratios to the size before; null for the first
 */
export function growth(seconds: readonly (readonly number[])[]): (number | null)[] {
  return seconds.map((own, i) => {
    if (i === 0) return null;
    const before = seconds[i - 1];
    return quantile(
      own.map((value, round) => value / before[round]),
      0.5,
    );
  });
}

export interface GrowthSummary {
  /** The largest of the ratios. */
  readonly most: number;
  /** What they would all be, if all were alike, for the same growth from the first size to the last. */
  readonly mean: number;
}

/** Undefined where there is no ratio. */
export function growthSummary(ratios: readonly (number | null)[]): GrowthSummary | undefined {
  const known = ratios.filter((ratio) => ratio !== null);
  if (known.length === 0) return undefined;
  const product = known.reduce((total, ratio) => total * ratio, 1);
  return { most: Math.max(...known), mean: product ** (1 / known.length) };
}
