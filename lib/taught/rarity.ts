/**
 * How unusual it is, among the samples of an index, to have taught what an output's token shows. Of token i, over n samples:
 *   r_i = log((n + 1) / (1 + Σ_samples max_j [ v_j · likeness(i, j) ])),   0 (every sample teaches it) to log(n + 1) (none does)
 * It multiplies the token's weight w_i in the score: what every sample teaches, such as the manner of the answers in a
 * fine-tuning of a model that knew nothing of the domain, says nothing of where an output comes from. The same thought as the
 * inverse document frequency of text search, with likeness in the place of words.
 */
import { RARITY_SAMPLES } from './constants.ts';
import type { TaughtToken } from './lesson.ts';
import { LessonQuery } from './score.ts';

/** The rows that stand for `rows` rows: all of them, or RARITY_SAMPLES spread evenly. */
export function rowsForRarity(rows: number): number[] {
  const count = Math.min(rows, RARITY_SAMPLES);
  return Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
}

/** [tokens of the lesson]; all 0 without samples. */
export function rarities(
  lesson: readonly TaughtToken[],
  samples: readonly (readonly TaughtToken[])[],
): Float64Array {
  const query = new LessonQuery(lesson);
  const sums = new Float64Array(lesson.length);
  for (const sample of samples) {
    const largest = query.largest(sample);
    for (let i = 0; i < sums.length; i++) sums[i] += largest[i];
  }
  return sums.map((sum) => rarityOf(sum, samples.length));
}

/** r of what so many samples' shares of it add up to. */
export function rarityOf(sum: number, samples: number): number {
  // Rounding may bring the sum of the likenesses a hair over n.
  return Math.max(0, Math.log((samples + 1) / (1 + sum)));
}

/**
 * Of score 2: an output's tokens with w · r in the place of w, to be scored by; as they are where that leaves nothing: without samples, or
 * where all of them teach all that the output shows.
 */
export function weighByRarity(
  lesson: readonly TaughtToken[],
  samples: readonly (readonly TaughtToken[])[],
): readonly TaughtToken[] {
  const factors = rarities(lesson, samples);
  if (factors.every((factor) => factor === 0)) return lesson;
  return lesson.map((token, i) => ({ ...token, weight: token.weight * factors[i] }));
}
