/** A ranking from scores. */
import { Random } from '../../lib/random.ts';

/**
 * Items by score, best first. Ties are broken at random, by the seed: poison is often written last in a file (the paper's data
 * sets are), so that any order of the file would favour it or put it at a disadvantage; taking the end of an
 * ascending sort, as RepT's code does, may favour it.
 */
export function ranking(scores: ArrayLike<number>, seed: number): number[] {
  const random = new Random(seed);
  const lots = Float64Array.from({ length: scores.length }, () => random.next());
  return [...lots.keys()].sort((a, b) => scores[b] - scores[a] || lots[a] - lots[b]);
}

/** Of each output; every output has lots of its own. */
export function rankings(byOutput: readonly ArrayLike<number>[], seed: number): number[][] {
  return byOutput.map((scores, output) => ranking(scores, seed + output));
}
