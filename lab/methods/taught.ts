/**
 * Taught tokens, the default: the score that the product's search has (services/index/search/taught-search.ts), by the same code
 * where it is pure (lib/taught/score.ts), for one output and one layer:
 *   s · (2 + max(0, cos(h - c, h' - c)) + max(0, cos(g, g'))),   s = Σ_i w̃_i · max_j [ v_j · likeness(i, j) ],   w̃ = w r / Σ w r
 * Outputs that were taught nothing have a score of 0 for every row: the ranking is by chance then, where the product's goes on by
 * the cosines, which its verdict says mean nothing.
 */
import { MAX_LESSON_BYTES } from '../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../lib/taught/pooled.ts';
import { rowsForRarity, weighByRarity } from '../../lib/taught/rarity.ts';
import { LessonQuery, placeFactor } from '../../lib/taught/score.ts';
import { cosines } from './cosines.ts';
import type { Method } from './method.ts';
import { placeAt, placeBytes } from './needed.ts';

export const TAUGHT: Method = {
  name: 'taught',
  title: 'taught tokens',
  source:
    "Σ w̃ · max_j [v_j · likeness] · (2 + max(0, cos(h - c, h' - c)) + max(0, cos(g, g'))), docs/method.md; ours",
  needs: ['layers', 'lessons'],
  /** h and g, the packed lesson and the vector that the store finds it by. */
  bytesPerRow: (features) => {
    const place = placeBytes(features, features.layer);
    return place === undefined ? undefined : place + MAX_LESSON_BYTES + 4 * POOLED_DIMS;
  },
  scores: (features) => {
    const { layer } = features;
    const { rows, outputs, centre } = placeAt(features, layer);
    const hidden = cosines(outputs.hidden, rows.hidden, centre);
    const gradient = cosines(outputs.gradient, rows.gradient);
    const lessons = features.rows.lessons;
    const samples = rowsForRarity(lessons.length).map((row) => lessons[row]);
    const byOutput = features.outputs.lessons.map((lesson, output) => {
      const query = new LessonQuery(weighByRarity(lesson, samples));
      return Float64Array.from(
        lessons,
        (tokens, row) => query.score(tokens) * placeFactor(hidden[output][row], gradient[output][row]),
      );
    });
    return { layer, byOutput };
  },
};
