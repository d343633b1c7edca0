/** What is told of repeated timings: the middle one, and how far the middle half of them is spread. */

export interface Summary {
  readonly median: number;
  /** Interquartile range over the median: unlike the extremes, one disturbed run of many does not move it. */
  readonly spread: number;
  readonly samples: readonly number[];
}

export function summarize(samples: readonly number[]): Summary {
  const median = quantile(samples, 0.5);
  const range = quantile(samples, 0.75) - quantile(samples, 0.25);
  return { median, spread: range / median, samples };
}

/** Linear between neighbours, as numpy's default. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error('there is no quantile of no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  return low + (high - low) * (place - Math.floor(place));
}
