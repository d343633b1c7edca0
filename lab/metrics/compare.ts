/**
 * Whether a method is better than another, or cannot be told from it: both were measured on the same outputs, so the difference
 * of each output is what is resampled (a paired bootstrap), and hard outputs do not widen the interval.
 *
 * The mean is over sets, each counting the same, and in each over its outputs. Outputs are drawn anew within each set; the sets
 * are not, for they were chosen, not drawn: an interval is about these sets and other outputs, not about other sets.
 */
import { ReptraceError } from '../../lib/errors.ts';
import { Random } from '../../lib/random.ts';
import { interval, resampledMean, RESAMPLES } from './bootstrap.ts';
import { mean } from './mean.ts';
import { checkAny } from './truth.ts';

/** A figure of each output, [sets][outputs]; one set is one trained model. */
export type BySet = readonly (readonly number[])[];

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
  const sets = a.map((values, set) => {
    checkAny(values.length, `outputs of set ${set}`);
    if (a.length !== b.length || values.length !== b[set].length) throw notPaired(a, b);
    return values.map((value, output) => value - b[set][output]);
  });
  const random = new Random(seed);
  const drawn = Float64Array.from({ length: RESAMPLES }, () =>
    mean(sets.map((values) => resampledMean(values, random))),
  );
  return { mean: mean(sets.map(mean)), ...interval(drawn) };
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
  return mean(values.map(mean));
}

function notPaired(a: BySet, b: BySet): ReptraceError {
  const shape = (values: BySet): string => values.map(({ length }) => length).join(', ');
  return new ReptraceError(
    'SHAPE_MISMATCH',
    `the methods compared were measured on different outputs: ${shape(a)} in one's sets, ${shape(b)} in the other's`,
    'Compare methods of the same run.',
  );
}
