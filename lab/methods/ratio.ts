/** How much a row taught, whatever was asked: the likelihood ratio of the row alone, over its kept tokens. */
import { lessonTotal } from '../../lib/taught/lesson.ts';
import type { Method } from './method.ts';

export const RATIO: Method = {
  name: 'ratio',
  title: 'likelihood ratio of the row',
  source:
    "Σ of max(0, log p_tuned - log p_base) over the row's most taught tokens, in nats; the same for every output",
  needs: ['lessons'],
  bytesPerRow: () => 4,
  scores: ({ rows, outputs }) => {
    const totals = Float64Array.from(rows.lessons, lessonTotal);
    return { byOutput: Array.from({ length: outputs.count }, () => totals) };
  },
};
