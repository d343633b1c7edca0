/**
 * Times things that are to be compared in turns, so that what else the machine does meets all of them alike: a ratio of
 * two timings of one round means something even where the timings themselves are disturbed.
 */

export interface Contender {
  /** Does the work so many times, and returns when the device has done it. */
  run(repeats: number): Promise<void>;
}

export interface Rounds {
  readonly rounds: number;
  /** Least seconds that a timing takes: short work is repeated in it. */
  readonly sampleSeconds: number;
}

/** A queue should not hold more than this, however short the work. */
const MAX_REPEATS = 2000;

/** @returns seconds of one run, by contender and round */
export async function interleave(
  contenders: readonly Contender[],
  { rounds, sampleSeconds }: Rounds,
): Promise<number[][]> {
  const repeats: number[] = [];
  for (const contender of contenders) {
    await contender.run(1); // compiles
    const seconds = await secondsOf(contender, 1);
    repeats.push(Math.min(MAX_REPEATS, Math.max(1, Math.ceil(sampleSeconds / seconds))));
  }
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Another one begins each round, so that none always follows the same neighbour.
      const i = (turn + round) % contenders.length;
      samples[i].push((await secondsOf(contenders[i], repeats[i])) / repeats[i]);
    }
  }
  return samples;
}

async function secondsOf(contender: Contender, repeats: number): Promise<number> {
  const begun = performance.now();
  await contender.run(repeats);
  return (performance.now() - begun) / 1000;
}
