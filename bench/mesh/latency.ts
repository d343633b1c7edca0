/** How long single requests take: the middle one, and what all but one in twenty stay under. */
import { quantile } from '../measure/statistics.ts';

export interface Latency {
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly samples: readonly number[];
}

export function latencyOf(samples: readonly number[]): Latency {
  return { p50: quantile(samples, 0.5), p95: quantile(samples, 0.95), samples };
}

export async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
