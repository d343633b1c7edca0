/** What of a trace comes from the base model beside the tuned one: the setup to sign with, lessons, verdicts. Pure. */
import type { QuestionLesson, SignedQuestion, TaughtSetup } from '../../../lib/mesh/compute-messages.ts';
import type { Manifest } from '../../../lib/mesh/index-messages.ts';
import { UNKNOWN_VERDICT, verdictOf, type Verdict } from '../../../lib/taught/verdict.ts';

/** As the index's samples were signed; null for an index without a base model. */
export function setupOf({ taught }: Manifest): TaughtSetup | null {
  if (taught === null) return null;
  const { base, seed, centre } = taught;
  return { base, seed, centre: Float32Array.from(centre) };
}

/** Of each output; null for an index without a base model. */
export function lessonsOf(
  { taught }: Manifest,
  signatures: readonly SignedQuestion[],
): readonly QuestionLesson[] | null {
  if (taught === null) return null;
  return signatures.map(({ lesson }) => {
    if (lesson === null)
      throw new Error('an output was signed without its lesson, though a base model was given');
    return lesson;
  });
}

/** Over the outputs of `lessons`. Throws NOT_FINITE. */
export function verdictOn(
  { taught }: Manifest,
  lessons: readonly QuestionLesson[] | null | undefined,
): Verdict {
  if (taught === null || lessons === null || lessons === undefined) return UNKNOWN_VERDICT;
  return verdictOf(
    lessons.map(({ ratios }) => ratios),
    taught.nullRatios,
  );
}
