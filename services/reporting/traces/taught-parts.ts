/** What of a trace comes from the base model beside the tuned one: the setup to sign with, lessons, verdicts. Pure. */
import type { QuestionLesson, SignedQuestion, TaughtSetup } from '../../../lib/mesh/compute-messages.ts';
import { taughtSetup, type Manifest } from '../../../lib/mesh/index-messages.ts';
import { ALL_NEW, ALL_NEW_REMEDY, isAllNew } from '../../../lib/taught/all-new.ts';
import type { Beginning } from '../../../lib/taught/lesson.ts';
import { UNKNOWN_VERDICT, verdictOf, type Verdict } from '../../../lib/taught/verdict.ts';

/** As the index's samples were signed; null for an index without a base model. */
export function setupOf({ taught }: Manifest): TaughtSetup | null {
  return taught === null ? null : taughtSetup(taught);
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

/** Of each output, where the index's samples have them; null else. */
export function beginningsOf(lessons: readonly QuestionLesson[] | null): readonly Beginning[] | null {
  const found = lessons?.flatMap(({ beginning }) => beginning ?? []) ?? [];
  return found.length > 0 && found.length === lessons?.length ? found : null;
}

/** Over the outputs of `lessons`; says where all of the data is new to the base model. Throws NOT_FINITE. */
export function verdictOn(
  { taught }: Manifest,
  lessons: readonly QuestionLesson[] | null | undefined,
): Verdict {
  if (taught === null || lessons === null || lessons === undefined) return UNKNOWN_VERDICT;
  const verdict = verdictOf(
    lessons.map(({ ratios }) => ratios),
    taught.nullRatios,
  );
  if (!isAllNew(taught)) return verdict;
  const remedy = verdict.remedy === null ? ALL_NEW_REMEDY : `${verdict.remedy} ${ALL_NEW_REMEDY}`;
  return { ...verdict, words: `${verdict.words} ${ALL_NEW}`, remedy };
}
