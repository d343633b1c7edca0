/**
 * Bootstrap intervals (Efron 1979): how far a mean over outputs may be from what other outputs of the same kind would give. Percentile
 * intervals of 95 % over RESAMPLES seeded resamples. One value has an interval of no width: that says nothing of how sure it is.
 */
import { Random } from '../../lib/random.ts';
import type { Figure } from '../results.ts';
import { mean } from './mean.ts';
import { checkAny } from './truth.ts';

export const RESAMPLES = 2000;
const TAIL = 0.025;

/** Throws EVALUATION_EMPTY. @param values of each output, the higher the better */
export function bootstrap(values: readonly number[], seed: number): Figure {
  checkAny(values.length, 'outputs');
  const random = new Random(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => resampledMean(values, random));
  return { mean: mean(values), ...interval(means), worst: values.reduce((a, b) => Math.min(a, b)) };
}

/** Mean of as many values, drawn with replacement. */
export function resampledMean(values: readonly number[], random: Random): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[random.int(values.length)];
  return sum / values.length;
}

/** The middle 95 % of what was drawn. */
export function interval(drawn: Float64Array): { readonly low: number; readonly high: number } {
  const sorted = drawn.toSorted();
  return { low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL) };
}

/** Between the two nearest of the sorted values, in proportion (type 7 of Hyndman and Fan 1996). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
