/**
 * Score 3: the position p, which predicts the first token of a response, counts as one more token of every output and of every
 * sample, always fully taught. For an output, with r_i the rarity of its token i (rarity.ts) and n samples of the index:
 *   X = likeness of p and the sample's p (score.ts)     r_p = log((n + 1) / (1 + Σ_samples X))
 *   s = Σ_i u_i max_j [ v_j · likeness(i, j) ] + u_p X,   u = [ w_i / Σw · r_i ; β · r_p ] over its sum
 *   β = BEGINNING_WEIGHT / √κ,   κ = Σ_samples Σ kept w / Σ_samples Σ all w
 * On data that is new to the base model every token of a row is taught, so that the kept ones hold little of it (κ of .10 to .17,
 * where it knows the domain .5 to 1) and may leave out the lesson; where a response begins, all of it is asked for.
 */
import { BEGINNING_WEIGHT } from './constants.ts';
import { lessonTotal, type Beginning, type Lesson, type TaughtToken } from './lesson.ts';
import { rarities, rarityOf } from './rarity.ts';
import { tokenLikeness, type WeighedOutput } from './score.ts';

/** What an output shows; without a prompt it has no p that means anything. */
export interface OutputLesson {
  readonly tokens: readonly TaughtToken[];
  readonly beginning: Beginning | null;
}

/** u, not yet over its sum; as without rarity, where every sample of the index has all of it. */
export function weighOutput(output: OutputLesson, samples: readonly Lesson[]): WeighedOutput {
  const { tokens, beginning } = output;
  const all = lessonTotal(tokens);
  const lessons = samples.map((sample) => sample.tokens);
  const shares = tokens.map(({ weight }) => weight / all);
  const beta = beginningWeight(samples);
  const weighed = (factors: ArrayLike<number>, factor: number): WeighedOutput => ({
    tokens: tokens.map((token, i) => ({ ...token, weight: shares[i] * factors[i] })),
    beginning: beginning && { ...beginning, weight: beta * factor },
  });
  const found = weighed(rarities(tokens, lessons), beginning ? beginningRarity(beginning, samples) : 0);
  const sum = lessonTotal(found.tokens) + (found.beginning?.weight ?? 0);
  return sum > 0
    ? found
    : weighed(
        tokens.map(() => 1),
        1,
      );
}

/** β. Where nothing at all was taught, as if all of it were kept. */
export function beginningWeight(samples: readonly Lesson[]): number {
  const kept = samples.reduce((sum, { tokens }) => sum + lessonTotal(tokens), 0);
  const all = samples.reduce((sum, { beginning }) => sum + (beginning?.total ?? 0), 0);
  // Rounding may bring the kept over all; without its totals an index counts as one that keeps all.
  const share = kept > 0 && all > kept ? kept / all : 1;
  return BEGINNING_WEIGHT / Math.sqrt(share);
}

/** r_p; 0 without samples. */
export function beginningRarity(beginning: Beginning, samples: readonly Lesson[]): number {
  const like = samples.map((sample) =>
    sample.beginning === null ? 0 : tokenLikeness(beginning, sample.beginning),
  );
  return rarityOf(
    like.reduce((sum, value) => sum + value, 0),
    samples.length,
  );
}
