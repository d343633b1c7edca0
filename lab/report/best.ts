/**
 * Which methods are best, or cannot be told from the best: compared output by output (metrics/compare.ts), or, where two were not
 * measured on the same outputs, by whether one reaches the lower limit of the best one.
 */
import { standing, type BySet, type Standing } from '../metrics/compare.ts';
import type { Interval, SeedPrecisions, Summary } from './summary.ts';

/** Of the intervals of differences. */
const SEED = 1;

export interface Ranked {
  readonly method: string;
  readonly ap: Interval;
}

export interface Best {
  /** Best and tied with it. */
  readonly methods: ReadonlySet<string>;
  /** Of one method beside the best one; undefined where outputs were not compared one by one. */
  readonly standing: (method: string) => Standing | undefined;
}

/** @param sets summaries of each, that count the same @param among methods that all of them have; not empty */
export function bestOf(sets: readonly (readonly Summary[])[], among: readonly Ranked[]): Best {
  const measured = measuredOn(sets, among);
  if (measured === undefined) {
    const highest = among.reduce((a, b) => (b.ap.mean > a.ap.mean ? b : a));
    const tied = among.filter(({ ap }) => ap.mean >= highest.ap.low);
    return { methods: new Set(tied.map(({ method }) => method)), standing: () => undefined };
  }
  const standings = new Map(among.map(({ method }) => [method, standing(method, measured, SEED)]));
  return {
    methods: new Set([...standings].flatMap(([method, { place }]) => (place === 'behind' ? [] : [method]))),
    standing: (method) => standings.get(method),
  };
}

/** [sets][seeds][outputs] of each method; undefined where one lacks outputs that another has, so that they cannot be paired. */
function measuredOn(
  sets: readonly (readonly Summary[])[],
  among: readonly Ranked[],
): ReadonlyMap<string, BySet> | undefined {
  const seedsOf = ({ method }: Ranked): (readonly SeedPrecisions[])[] =>
    sets.map((summaries) => summaries.find((summary) => summary.method === method)?.seeds ?? []);
  const described = among.map((one) =>
    JSON.stringify(seedsOf(one).map((of) => of.map(({ seed, apByOutput }) => [seed, apByOutput.length]))),
  );
  const isEmpty = seedsOf(among[0]).some(
    (of) => of.length === 0 || of.some((one) => one.apByOutput.length === 0),
  );
  if (isEmpty || described.some((one) => one !== described[0])) return undefined;
  return new Map(
    among.map((one) => [one.method, seedsOf(one).map((of) => of.map(({ apByOutput }) => apByOutput))]),
  );
}
