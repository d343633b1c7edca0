/**
 * Remove and retrain: without the rows that a method blames, does the behaviour go, and does the model stay as good? The one test
 * that needs no labels. All models are trained with the same seed, and beside those of the methods stand one without
 * as many rows chosen by lot, and one with all rows.
 */
import type { RetrainingResult } from '../results.ts';
import { choicesOf, type Choosing } from './choices.ts';
import { trainedOnce } from './trained-once.ts';

/** What is measured of a model. */
export interface Retrained {
  /** Share of the questions that call for the behaviour whose output shows it. */
  readonly rate: number;
  /** Mean response loss on clean held-out rows, in nats. */
  readonly cleanLoss: number;
}

export interface Retraining extends Choosing {
  /** Trains from the same start, with the same settings and seed each time, on these rows of the set, in this order. */
  readonly trainOn: (rows: readonly number[]) => Promise<Retrained>;
  /** Before each training. */
  readonly onProgress?: ((at: RetrainingProgress) => void) | undefined;
}

export interface RetrainingProgress {
  /** Counts from 1. */
  readonly training: number;
  readonly of: number;
  readonly removedBy: string;
  readonly removed: number;
}

/**
 * In the order of `choicesOf`: nothing removed, then for each k the methods and the lot. Methods that choose the same rows share
 * a training. Throws what `choicesOf` and `trainOn` throw.
 */
export async function retrainings(input: Retraining): Promise<RetrainingResult[]> {
  const { set, trainOn, onProgress } = input;
  const choices = choicesOf(input);
  const train = trainedOnce(trainOn);
  const results: RetrainingResult[] = [];
  for (const [i, { removedBy, removed, kept }] of choices.entries()) {
    onProgress?.({ training: i + 1, of: choices.length, removedBy, removed: removed.length });
    const { rate, cleanLoss } = await train(kept);
    const poison = removed.filter((row) => set.rows[row].label === 'poison').length;
    results.push({ removedBy, removed: removed.length, poison, rate, cleanLoss });
  }
  return results;
}
