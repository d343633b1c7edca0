/** Chance, to be beaten: what a figure is worth where nothing is known. */
import { Random } from '../../lib/random.ts';
import type { Method } from './method.ts';

const SEED = 0xc0ffee;

export const RANDOM: Method = {
  name: 'random',
  title: 'chance',
  source: 'a number drawn anew for each output and row, from one seed',
  needs: [],
  bytesPerRow: () => 0,
  scores: ({ rows, outputs }) => {
    const random = new Random(SEED);
    const drawn = (): Float64Array => Float64Array.from({ length: rows.count }, () => random.next());
    return { byOutput: Array.from({ length: outputs.count }, drawn) };
  },
};
