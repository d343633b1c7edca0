/**
 * Bootstrap intervals (Efron 1979): how far a mean over outputs may be from what other outputs of the same kind would give. Percentile
 * intervals of 95 % over RESAMPLES seeded resamples. One value has an interval of no width: that says nothing of how sure it is.
 *
 * Outputs of one model are more alike than those of two, so outputs of several models (seeds of a training) are resampled by
 * levels (Davison and Hinkley 1997, 3.8): models first, with replacement, then of each drawn one as many outputs as it has. All
 * models count the same. Of few models such an interval is rather too narrow: two do not show all that a third may do.
 */
import { Random } from '../../lib/random.ts';
import type { Figure } from '../results.ts';
import { mean } from './mean.ts';
import { checkAny } from './truth.ts';

export const RESAMPLES = 2000;
const TAIL = 0.025;

/** Throws EVALUATION_EMPTY. @param values of each output, the higher the better */
export function bootstrap(values: readonly number[], seed: number): Figure {
  return bootstrapModels([values], seed);
}

/**
 * Mean of the models' means; of one model what `bootstrap` gives. Throws EVALUATION_EMPTY.
 * @param models values of each output, the higher the better, [models][outputs]
 */
export function bootstrapModels(models: readonly (readonly number[])[], seed: number): Figure {
  checkAny(models.length, 'models');
  for (const values of models) checkAny(values.length, 'outputs');
  const random = new Random(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => resampledMean(models, random));
  return {
    mean: mean(models.map(mean)),
    ...interval(means),
    worst: models.flat().reduce((a, b) => Math.min(a, b)),
  };
}

/** Mean of the means of as many models, drawn with replacement, of each as many values drawn as it has. */
export function resampledMean(models: readonly (readonly number[])[], random: Random): number {
  // One model is itself in every draw, so that its figures are those of its outputs drawn alone.
  const draw = (): readonly number[] => models[models.length === 1 ? 0 : random.int(models.length)];
  let sum = 0;
  for (let i = 0; i < models.length; i++) sum += resampledOutputs(draw(), random);
  return sum / models.length;
}

function resampledOutputs(values: readonly number[], random: Random): number {
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
