/**
 * Taught tokens, the default: the score that the product's search has of new indexes (services/index/search/taught-search.ts), by
 * the same code where it is pure (lib/taught/), for one output: score 3,
 *   Σ_i u_i · max_j [ v_j · likeness(i, j) ] + u_p · likeness(p, p'),   u = [ w_i / Σw · r_i ; β · r_p ] over its sum
 * The projection's layer is L; the rule's, at which the product has h and g to find candidates by, plays no part.
 */
import { weighOutput } from '../../lib/taught/beginning.ts';
import { MAX_LESSON_BYTES, type Lesson } from '../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../lib/taught/pooled.ts';
import { rowsForRarity } from '../../lib/taught/rarity.ts';
import { LessonQuery } from '../../lib/taught/score.ts';
import type { Items } from '../features/features.ts';
import type { Method } from './method.ts';
import { placeBytes } from './needed.ts';

export const TAUGHT: Method = {
  name: 'taught',
  title: 'taught tokens',
  source:
    "Σ u · max_j [v_j · likeness] over the output's tokens and p, u by weight and rarity, docs/method.md; ours",
  needs: ['layers', 'lessons'],
  /** h and g, the packed lesson and the vector that the store finds it by. */
  bytesPerRow: (features) => {
    const place = placeBytes(features, features.layer);
    return place === undefined ? undefined : place + MAX_LESSON_BYTES + 4 * POOLED_DIMS;
  },
  scores: ({ rows, outputs, lastLayer }) => {
    const lessons = lessonsOf(rows);
    const samples = rowsForRarity(lessons.length).map((row) => lessons[row]);
    const byOutput = lessonsOf(outputs).map((output) => {
      const { tokens, beginning } = weighOutput(output, samples);
      const query = new LessonQuery(tokens, beginning);
      return Float64Array.from(lessons, (lesson) => query.score(lesson));
    });
    return { layer: lastLayer, byOutput };
  },
};

function lessonsOf({ lessons, beginnings }: Items): Lesson[] {
  return lessons.map((tokens, i) => ({ tokens, beginning: beginnings[i] }));
}
