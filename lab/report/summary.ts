/**
 * What the seeds of a set say together, and the sets together. A seed is a model of its own that is asked the same questions, so
 * seeds do not make an interval narrower: limits are means of the seeds' limits. Sets are apart from one another: the interval of
 * a mean over sets has half-widths added in quadrature.
 */
import type { MethodResult, SeedResult, SetResult } from '../results.ts';

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
  /** AP of each output, seed after seed. */
  readonly apByOutput: readonly number[];
  readonly featureSeconds: number;
  readonly scoreSeconds: number;
  readonly bytesPerRow: number | null;
  /** How many seeds these are the means of. */
  readonly seeds: number;
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
  const byMethod = new Map<string, MethodResult[]>();
  for (const result of rankedSeeds(set).flatMap(({ methods }) => methods)) {
    byMethod.set(result.method, [...(byMethod.get(result.method) ?? []), result]);
  }
  return [...byMethod.values()].map(summaryOf);
}

function summaryOf(results: readonly MethodResult[]): Summary {
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
    ap: {
      mean: over((result) => result.figures.ap.mean),
      low: over((result) => result.figures.ap.low),
      high: over((result) => result.figures.ap.high),
    },
    worst: Math.min(...results.map((result) => result.figures.ap.worst)),
    auroc: over((result) => result.figures.auroc.mean),
    precision: Object.fromEntries(
      everywhere.map((k) => [k, over((result) => result.figures.precision[k].mean)]),
    ),
    auprc10: over((result) => result.figures.auprc10),
    precisionRecall: precisionRecall
      .slice(0, least)
      .map((_, i) => over((result) => result.precisionRecall[i])),
    apByOutput: results.flatMap(({ apByOutput }) => apByOutput),
    featureSeconds: over(({ cost }) => cost.featureSeconds),
    scoreSeconds: over(({ cost }) => cost.scoreSeconds),
    bytesPerRow: kept.length === 0 ? null : mean(kept),
    seeds: results.length,
  };
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
