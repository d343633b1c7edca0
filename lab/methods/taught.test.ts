import { describe, expect, it } from 'vitest';
import { lessonTotal, packLesson, unpackLesson, type TaughtToken } from '../../lib/taught/lesson.ts';
import { pooled } from '../../lib/taught/pooled.ts';
import { TaughtScorer } from '../../services/index/search/taught-search.ts';
import { unitBlocks } from '../../services/index/vectors/unit-blocks.ts';
import type { Features, Items } from '../features/features.ts';
import { RATIO } from './ratio.ts';
import { TAUGHT } from './taught.ts';
import { madeFeatures } from './testing.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** Vector of one item at the rule's layer. */
function part(items: Items, layer: number, name: 'hidden' | 'gradient', item: number): number[] {
  const found = items.layers.get(layer)?.[name];
  if (found === undefined) throw new Error(`no layer ${layer}`);
  return [...found.values.subarray(item * found.dims, (item + 1) * found.dims)];
}

function centreOf({ centres, layer }: Features): Float32Array {
  const centre = centres.get(layer);
  if (centre === undefined) throw new Error(`no centre at ${layer}`);
  return centre;
}

/** docs/method.md, word for word. */
function literal(features: Features, output: number, row: number): number {
  const { rows, outputs, layer } = features;
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, k) => sum + value * b[k], 0);
  const cos = (a: number[], b: number[]): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const centred = (items: Items, item: number): number[] =>
    part(items, layer, 'hidden', item).map((value, k) => value - centreOf(features)[k]);
  const cosHidden = cos(centred(outputs, output), centred(rows, row));
  const cosGradient = cos(part(outputs, layer, 'gradient', output), part(rows, layer, 'gradient', row));
  const lesson = outputs.lessons[output];
  const likeness = (i: TaughtToken, j: TaughtToken): number =>
    Math.max(0, dot(i.hidden, j.hidden)) ** 2 * (0.3 + 0.7 * Math.max(0, dot(i.gradient, j.gradient)));
  const most = (i: TaughtToken, of: readonly TaughtToken[]): number =>
    Math.max(0, ...of.map((j) => (Math.min(j.weight, 10) / 10) * likeness(i, j)));
  const weights = lesson.map((i) => {
    const taughtBy = rows.lessons.reduce((sum, of) => sum + most(i, of), 0);
    return i.weight * Math.log((rows.lessons.length + 1) / (1 + taughtBy));
  });
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const s = lesson.reduce((sum, i, k) => sum + (weights[k] / all) * most(i, rows.lessons[row]), 0);
  return s * (2 + Math.max(0, cosHidden) + Math.max(0, cosGradient));
}

describe('taught tokens', () => {
  it('are scored by the formula of docs/method.md', () => {
    for (const seed of SEEDS) {
      const features = madeFeatures({ seed });
      const { byOutput, layer } = TAUGHT.scores(features);
      expect(layer).toBe(features.layer);
      for (const [output, scores] of byOutput.entries()) {
        for (const [row, score] of scores.entries()) {
          expect(score).toBeCloseTo(literal(features, output, row), 10);
        }
      }
    }
  });

  it('have the scores of the product’s search, of samples as its store has them', () => {
    for (const seed of SEEDS) {
      const made = madeFeatures({ seed });
      // The store keeps lessons in float16, and these are what features hold.
      const kept = made.rows.lessons.map((tokens) => unpackLesson(packLesson(tokens)));
      const features = { ...made, rows: { ...made.rows, lessons: kept } };
      const { layer, outputs, rows } = features;
      const shape = { layers: [layer], width: 6, taught: true };
      const signed = (items: Items, item: number) => [
        {
          layer,
          hidden: Float32Array.from(part(items, layer, 'hidden', item)),
          gradient: Float32Array.from(part(items, layer, 'gradient', item)),
        },
      ];
      const { byOutput } = TAUGHT.scores(features);
      for (const [output, scores] of byOutput.entries()) {
        const scorer = new TaughtScorer(
          { queries: [signed(outputs, output)], lessons: [outputs.lessons[output]], prompted: true },
          { shape, centres: [centreOf(features)], samples: rows.lessons },
        );
        for (const [row, score] of scores.entries()) {
          const lesson = rows.lessons[row];
          const point = {
            ...{
              id: `${row}`,
              row,
              line: row,
              sourceRow: row,
              part: null,
              context: [],
              prompt: '',
              response: '',
            },
            ...{
              raw: null,
              label: null,
              metadata: {},
              truncated: false,
              loss: 1,
              taught: lessonTotal(lesson),
            },
            lesson: { packed: packLesson(lesson), pooled: pooled(lesson) },
            ...unitBlocks(signed(rows, row), shape),
          };
          expect(score).toBeCloseTo(scorer.score(point).score, 5);
        }
      }
    }
  });

  it('make no row responsible for an output that was taught nothing', () => {
    const made = madeFeatures();
    const features = { ...made, outputs: { ...made.outputs, lessons: made.outputs.lessons.map(() => []) } };
    for (const scores of TAUGHT.scores(features).byOutput) expect(Math.max(...scores)).toBe(0);
  });

  it('keep h, g, eight tokens of 264 bytes and the vector of 128 numbers', () => {
    expect(TAUGHT.bytesPerRow(madeFeatures({ dims: 6 }))).toBe(2 * 6 * 4 + 8 * 264 + 128 * 4);
  });
});

it('the ratio of a row is what its kept tokens sum to, for every output', () => {
  const features = madeFeatures();
  const totals = features.rows.lessons.map((tokens) => tokens.reduce((sum, { weight }) => sum + weight, 0));
  for (const scores of RATIO.scores(features).byOutput) expect([...scores]).toEqual(totals);
});
