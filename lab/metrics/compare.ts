/**
 * Whether a method is better than another, or cannot be told from it: both were measured on the same outputs, so the difference
 * of each output is what is resampled (a paired bootstrap), and hard outputs do not widen the interval.
 *
 * The mean is over sets, each counting the same, in each over its models (seeds of the training), and of each over its outputs. Models
 * are drawn anew within each set, then the outputs of each drawn one (bootstrap.ts); the sets are not, for they were chosen, not
 * drawn: an interval is about these sets with other models and other outputs, not about other sets.
 */
import { ReptraceError } from '../../lib/errors.ts';
import { Random } from '../../lib/random.ts';
import { interval, resampledMean, RESAMPLES } from './bootstrap.ts';
import { mean } from './mean.ts';
import { checkAny } from './truth.ts';

/** A figure of each output, [models][outputs]. */
export type ByModel = readonly (readonly number[])[];

/** [sets][models][outputs] */
export type BySet = readonly ByModel[];

/** Mean of a minus b, with its interval of 95 %. */
export interface Difference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface Standing {
  /** `tied`: another has the higher mean, and the interval of the difference holds 0. */
  readonly place: 'best' | 'tied' | 'behind';
  /** Of all methods; the named one, where it has the same mean. */
  readonly best: string;
  /** Of the named method minus the best. */
  readonly difference: Difference;
}

/** Throws EVALUATION_EMPTY; SHAPE_MISMATCH when the two are not of the same outputs. */
export function difference(a: BySet, b: BySet, seed: number): Difference {
  checkAny(a.length, 'sets');
  if (shapeOf(a) !== shapeOf(b)) throw notPaired(a, b);
  const sets = a.map((models, set) => {
    checkAny(models.length, `models of set ${set}`);
    return models.map((values, model) => {
      checkAny(values.length, `outputs of model ${model} of set ${set}`);
      return values.map((value, output) => value - b[set][model][output]);
    });
  });
  const random = new Random(seed);
  const drawn = Float64Array.from({ length: RESAMPLES }, () =>
    mean(sets.map((models) => resampledMean(models, random))),
  );
  return { mean: overSets(sets), ...interval(drawn) };
}

/** Throws what `difference` throws, and INPUT_INVALID for a method that was not measured. @param measured by method's name */
export function standing(name: string, measured: ReadonlyMap<string, BySet>, seed: number): Standing {
  const own = measured.get(name);
  if (own === undefined) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `${name} was not measured`,
      `Compare one of ${[...measured.keys()].join(', ')}.`,
    );
  }
  let best = { name, values: own };
  for (const [other, values] of measured) {
    if (overSets(values) > overSets(best.values)) best = { name: other, values };
  }
  const between = difference(own, best.values, seed);
  const place = best.name === name ? 'best' : between.high >= 0 ? 'tied' : 'behind';
  return { place, best: best.name, difference: between };
}

function overSets(values: BySet): number {
  return mean(values.map((models) => mean(models.map(mean))));
}

/** Outputs of each model, "16 + 15, 16" for a set of two and one of one. */
function shapeOf(values: BySet): string {
  return values.map((models) => models.map(({ length }) => length).join(' + ')).join(', ');
}

function notPaired(a: BySet, b: BySet): ReptraceError {
  return new ReptraceError(
    'SHAPE_MISMATCH',
    `the methods compared were measured on different outputs: ${shapeOf(a)} in one's sets, ${shapeOf(b)} in the other's`,
    'Compare methods of the same run.',
  );
}
