import { describe, expect, it } from 'vitest';
import {
  lessonTotal,
  packLesson,
  unpackLesson,
  type ProjectedRows,
  type TaughtToken,
} from '../../lib/taught/lesson.ts';
import { pooled } from '../../lib/taught/pooled.ts';
import { tokenLikeness } from '../../lib/taught/score.ts';
import { TaughtScorer } from '../../services/index/search/taught-search.ts';
import { unitBlocks } from '../../services/index/vectors/unit-blocks.ts';
import type { Features } from '../features/features.ts';
import { RATIO } from './ratio.ts';
import { TAUGHT } from './taught.ts';
import { madeFeatures } from './testing.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** docs/method.md, word for word. */
function literal({ rows, outputs }: Features, output: number, row: number): number {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, k) => sum + value * b[k], 0);
  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const likeness = (i: ProjectedRows, j: ProjectedRows): number =>
    Math.max(0, dot(i.hidden, j.hidden)) ** 2 * (0.3 + 0.7 * Math.max(0, dot(i.gradient, j.gradient)));
  const most = (i: TaughtToken, of: readonly TaughtToken[]): number =>
    Math.max(0, ...of.map((j) => (Math.min(j.weight, 10) / 10) * likeness(i, j)));
  const rarity = (met: readonly number[]): number => Math.log((met.length + 1) / (1 + sumOf(met)));
  const [lesson, begins] = [outputs.lessons[output], outputs.beginnings[output]];
  const all = lessonTotal(lesson);
  const weights = lesson.map((i) => (i.weight / all) * rarity(rows.lessons.map((of) => most(i, of))));
  const share = sumOf(rows.lessons.map(lessonTotal)) / sumOf(rows.beginnings.map(({ total }) => total));
  const first = (0.1 / Math.sqrt(share)) * rarity(rows.beginnings.map((of) => likeness(begins, of)));
  const met = lesson.map((i, k) => weights[k] * most(i, rows.lessons[row]));
  return (sumOf(met) + first * likeness(begins, rows.beginnings[row])) / (sumOf(weights) + first);
}

describe('taught tokens', () => {
  it('are scored by the formula of docs/method.md', () => {
    for (const seed of SEEDS) {
      const features = madeFeatures({ seed });
      const { byOutput, layer } = TAUGHT.scores(features);
      expect(layer).toBe(features.lastLayer);
      for (const [output, scores] of byOutput.entries()) {
        for (const [row, score] of scores.entries()) {
          expect(score).toBeCloseTo(literal(features, output, row), 10);
        }
      }
    }
  });

  it('have the scores of the product’s search, of samples as its store has them', () => {
    const shape = { layers: [2], width: 2, taught: true };
    const vectors = [{ layer: 2, hidden: Float32Array.of(1, 2), gradient: Float32Array.of(3, 4) }];
    for (const seed of SEEDS) {
      const made = madeFeatures({ seed });
      // The store keeps lessons in float16, and these are what features hold.
      const packed = made.rows.lessons.map((tokens, row) => packLesson(tokens, made.rows.beginnings[row]));
      const kept = packed.map(unpackLesson);
      const lessons = kept.map(({ tokens }) => tokens);
      const beginnings = kept.flatMap(({ beginning }) => beginning ?? []);
      const features = { ...made, rows: { ...made.rows, lessons, beginnings } };
      for (const [output, scores] of TAUGHT.scores(features).byOutput.entries()) {
        const { outputs } = features;
        const asked = { lessons: [outputs.lessons[output]], beginnings: [outputs.beginnings[output]] };
        const scorer = new TaughtScorer(
          { queries: [vectors], ...asked, prompted: true },
          { score: 'score 3', shape, centres: [new Float32Array(2)], samples: kept },
        );
        for (const [row, score] of scores.entries()) {
          const point = {
            ...{ id: `${row}`, row, line: row, sourceRow: row, part: null, context: [], prompt: '' },
            ...{ response: '', raw: null, label: null, metadata: {}, truncated: false, loss: 1 },
            taught: lessonTotal(lessons[row]),
            lesson: { packed: packed[row], pooled: pooled(lessons[row]) },
            ...unitBlocks(vectors, shape),
          };
          expect(score).toBeCloseTo(scorer.score(point).score, 12);
        }
      }
    }
  });

  it('go by where the response begins alone for an output that was taught nothing', () => {
    const made = madeFeatures();
    const features = { ...made, outputs: { ...made.outputs, lessons: made.outputs.lessons.map(() => []) } };
    for (const [output, scores] of TAUGHT.scores(features).byOutput.entries()) {
      const begins = made.outputs.beginnings[output];
      expect([...scores]).toEqual(made.rows.beginnings.map((of) => tokenLikeness(begins, of)));
    }
  });

  it('keep h, g, nine records of 264 bytes and the vector of 128 numbers', () => {
    expect(TAUGHT.bytesPerRow(madeFeatures({ dims: 6 }))).toBe(2 * 6 * 4 + 9 * 264 + 128 * 4);
  });
});

it('the ratio of a row is what its kept tokens sum to, for every output', () => {
  const features = madeFeatures();
  const totals = features.rows.lessons.map((tokens) => tokens.reduce((sum, { weight }) => sum + weight, 0));
  for (const scores of RATIO.scores(features).byOutput) expect([...scores]).toEqual(totals);
});
