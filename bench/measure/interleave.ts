/**
 * Times things that are to be compared in turns, so that what else the machine does meets all of them alike: a ratio of
 * two timings of one round means something even where the timings themselves are disturbed.
 */
import { availableParallelism } from 'node:os';

export interface Contender {
  /** Does the work so many times, and returns when the device has done it. */
  run(repeats: number): Promise<void>;
  /** Compiles all that `run` needs, where less than a run does; default one run. */
  warmUp?(): Promise<void>;
}

export interface Rounds {
  readonly rounds: number;
  /** Least seconds that a timing takes: short work is repeated in it. At 0 a timing is one run. */
  readonly sampleSeconds: number;
}

/** Seconds of one run, by round. */
export interface Timings {
  readonly seconds: number[];
  /**
   * Processor time of this process, over the machine's cores: what a run on a software adapter, which computes in this process
   * on all cores, would take if nothing else ran. Other processes hardly change it. Says nothing of a GPU.
   */
  readonly processorSeconds: number[];
}

/** A queue should not hold more than this, however short the work. */
const MAX_REPEATS = 2000;

/** @returns seconds of one run, by contender and round */
export async function interleave(contenders: readonly Contender[], rounds: Rounds): Promise<number[][]> {
  return (await interleaveTimings(contenders, rounds)).map(({ seconds }) => seconds);
}

/** @returns by contender */
export async function interleaveTimings(
  contenders: readonly Contender[],
  { rounds, sampleSeconds }: Rounds,
): Promise<Timings[]> {
  const repeats: number[] = [];
  for (const contender of contenders) {
    await (contender.warmUp === undefined ? contender.run(1) : contender.warmUp());
    const seconds = sampleSeconds === 0 ? Infinity : (await timed(contender, 1)).seconds;
    repeats.push(Math.min(MAX_REPEATS, Math.max(1, Math.ceil(sampleSeconds / seconds))));
  }
  const timings = contenders.map((): Timings => ({ seconds: [], processorSeconds: [] }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Another one begins each round, so that none always follows the same neighbour.
      const i = (turn + round) % contenders.length;
      const { seconds, processorSeconds } = await timed(contenders[i], repeats[i]);
      timings[i].seconds.push(seconds / repeats[i]);
      timings[i].processorSeconds.push(processorSeconds / repeats[i]);
    }
  }
  return timings;
}

function timed(contender: Contender, repeats: number): Promise<Timing> {
  return timingOf(() => contender.run(repeats));
}

export interface Timing {
  readonly seconds: number;
  /** As in Timings. */
  readonly processorSeconds: number;
}

export async function timingOf(work: () => Promise<void>): Promise<Timing> {
  const before = process.cpuUsage();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, processorSeconds: (user + system) / 1e6 / availableParallelism() };
}

/** Those seconds that count: of the processor on a software adapter, which computes in this process, else of the wall clock. */
export function countedSeconds({ seconds, processorSeconds }: Timings, software: boolean): number[] {
  return software ? processorSeconds : seconds;
}

/** The same of one timing. */
export function countedOf({ seconds, processorSeconds }: Timing, software: boolean): number {
  return software ? processorSeconds : seconds;
}
