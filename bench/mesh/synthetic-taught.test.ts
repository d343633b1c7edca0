import { expect, it } from 'vitest';
import { KEPT_TOKENS } from '../../lib/taught/constants.ts';
import { unpackLesson } from '../../lib/taught/lesson.ts';
import { lessonScore } from '../../lib/taught/score.ts';
import { centredBlocks, centredScores } from '../../services/index/vectors/centred-scores.ts';
import { taughtCentres, taughtPoints, taughtQuestion } from './synthetic-taught.ts';

const shape = { layers: [1, 3], width: 8, taught: true };
const texts = [{ prompt: 'a', response: 'b', label: 'c' }];

it('is the same whatever piece is asked for', () => {
  expect(taughtPoints(shape, texts, 4, 10)).toEqual(taughtPoints(shape, texts, 0, 10).slice(4));
  expect(taughtQuestion(shape, 5)).toEqual(taughtQuestion(shape, 5));
});

it('has blocks of norm 1, and hidden states around the centres', () => {
  const points = taughtPoints(shape, texts, 0, 200);
  for (const { vector } of points) {
    for (let from = 0; from < 32; from += 8) {
      expect(Math.hypot(...vector.subarray(from, from + 8))).toBeCloseTo(1, 6);
    }
  }
  const { queries, prompted } = taughtQuestion(shape, 9);
  const centres = taughtCentres(shape);
  const mean = centredBlocks(queries, centres, prompted, shape);
  const cosines = points.map((point) => centredScores(mean, point, centres, shape).hiddenScore);
  expect(Math.abs(cosines.reduce((sum, value) => sum + value, 0) / 200)).toBeLessThan(0.1);
});

it('has few samples that taught what an output shows', () => {
  const points = taughtPoints(shape, texts, 0, 2000);
  const lessons = points.map(({ lesson }) => unpackLesson(lesson?.packed ?? new Uint8Array()));
  expect(lessons.every(({ tokens }) => tokens.length === KEPT_TOKENS)).toBe(true);
  expect(lessons.every(({ beginning }) => beginning !== null)).toBe(true);
  const { lessons: asked } = taughtQuestion(shape, 2 ** 30);
  const scores = lessons.map(({ tokens }) => lessonScore(asked[0], tokens).score).sort((a, b) => b - a);
  expect(scores[0]).toBeGreaterThan(2 * scores[100]);
  expect(scores[0]).toBeGreaterThan(0.1);
});
