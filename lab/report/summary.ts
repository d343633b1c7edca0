/**
 * What the seeds of a set say together, and the sets together. A seed is a model of its own, so the limits of several come from
 * resamples of seeds first, then of the outputs of each (metrics/bootstrap.ts). Sets are apart from one another: the interval of a
 * mean over sets has half-widths added in quadrature.
 */
import { bootstrapModels } from '../metrics/bootstrap.ts';
import type { MethodResult, SeedResult, SetResult } from '../results.ts';

/** Of the resamples. */
const SEED = 1;

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** One method on one set: means over the seeds that have a ranking. */
export interface Summary {
  readonly method: string;
  readonly title: string;
  readonly ap: Interval;
  /** AP of the worst output of any seed. */
  readonly worst: number;
  readonly auroc: number;
  /** By k, in the order of the results. */
  readonly precision: Readonly<Record<string, number>>;
  readonly auprc10: number;
  readonly precisionRecall: readonly number[];
  /** AP of each output, of each seed that these are the means of. */
  readonly seeds: readonly SeedPrecisions[];
  readonly featureSeconds: number;
  readonly scoreSeconds: number;
  readonly bytesPerRow: number | null;
}

export interface SeedPrecisions {
  readonly seed: number;
  readonly apByOutput: readonly number[];
}

/** A method over the sets that have figures of it. */
export interface Overall {
  readonly method: string;
  readonly title: string;
  /** Of the mean AP over those sets. */
  readonly ap: Interval;
  readonly sets: number;
  /** Means over those sets, of one model each. */
  readonly seconds: number;
  readonly bytesPerRow: number | null;
}

/** Seeds whose outputs were ranked. */
export function rankedSeeds(set: SetResult): SeedResult[] {
  return set.seeds.filter(({ methods }) => methods.length > 0);
}

/** Methods in the order of their first appearance; empty where no seed has a ranking. */
export function summariesOf(set: SetResult): Summary[] {
  const byMethod = new Map<string, OfSeed[]>();
  for (const { seed, methods } of rankedSeeds(set)) {
    for (const result of methods) {
      byMethod.set(result.method, [...(byMethod.get(result.method) ?? []), { seed, result }]);
    }
  }
  return [...byMethod.values()].map(summaryOf);
}

interface OfSeed {
  readonly seed: number;
  readonly result: MethodResult;
}

function summaryOf(ofSeeds: readonly OfSeed[]): Summary {
  const results = ofSeeds.map(({ result }) => result);
  const [{ method, title, figures, precisionRecall }] = results;
  const over = (of: (result: MethodResult) => number): number => mean(results.map(of));
  const kept = results.flatMap(({ cost }) => (cost.bytesPerRow === null ? [] : [cost.bytesPerRow]));
  const everywhere = Object.keys(figures.precision).filter((k) =>
    results.every((result) => Object.hasOwn(result.figures.precision, k)),
  );
  const least = Math.min(...results.map((result) => result.precisionRecall.length));
  return {
    method,
    title,
    ap: intervalOf(results),
    worst: Math.min(...results.map((result) => result.figures.ap.worst)),
    auroc: over((result) => result.figures.auroc.mean),
    precision: Object.fromEntries(
      everywhere.map((k) => [k, over((result) => result.figures.precision[k].mean)]),
    ),
    auprc10: over((result) => result.figures.auprc10),
    precisionRecall: precisionRecall
      .slice(0, least)
      .map((_, i) => over((result) => result.precisionRecall[i])),
    seeds: ofSeeds.map(({ seed, result: { apByOutput } }) => ({ seed, apByOutput })),
    featureSeconds: over(({ cost }) => cost.featureSeconds),
    scoreSeconds: over(({ cost }) => cost.scoreSeconds),
    bytesPerRow: kept.length === 0 ? null : mean(kept),
  };
}

/** Of one seed as it was measured. */
function intervalOf(results: readonly MethodResult[]): Interval {
  const [{ figures }] = results;
  const {
    mean: middle,
    low,
    high,
  } = results.length === 1
    ? figures.ap
    : bootstrapModels(
        results.map(({ apByOutput }) => apByOutput),
        SEED,
      );
  return { mean: middle, low, high };
}

/** Names, in the order of their first appearance: that of the list of methods, whatever the figures. */
export function methodsOf(sets: readonly SetResult[]): string[] {
  return [
    ...new Set(
      sets.flatMap(({ seeds }) => seeds.flatMap(({ methods }) => methods.map(({ method }) => method))),
    ),
  ];
}

/** Best first; methods that lack some set come after those that have all. */
export function overallsOf(sets: readonly SetResult[]): Overall[] {
  const byMethod = new Map<string, Summary[]>();
  for (const summary of sets.flatMap(summariesOf)) {
    byMethod.set(summary.method, [...(byMethod.get(summary.method) ?? []), summary]);
  }
  return [...byMethod.values()]
    .map((summaries): Overall => {
      const kept = summaries.flatMap(({ bytesPerRow }) => (bytesPerRow === null ? [] : [bytesPerRow]));
      return {
        method: summaries[0].method,
        title: summaries[0].title,
        ap: meanInterval(summaries.map(({ ap }) => ap)),
        sets: summaries.length,
        seconds: mean(summaries.map(({ featureSeconds, scoreSeconds }) => featureSeconds + scoreSeconds)),
        bytesPerRow: kept.length === 0 ? null : mean(kept),
      };
    })
    .sort((a, b) => b.sets - a.sets || b.ap.mean - a.ap.mean);
}

/** Of the mean of independent figures. */
export function meanInterval(of: readonly Interval[]): Interval {
  const middle = mean(of.map((each) => each.mean));
  const width = (side: (each: Interval) => number): number => Math.hypot(...of.map(side)) / of.length;
  return {
    mean: middle,
    low: middle - width((each) => each.mean - each.low),
    high: middle + width((each) => each.high - each.mean),
  };
}

/** null where one of them is, or there is none. */
export function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  return known.length === values.length && known.length > 0 ? mean(known) : null;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
