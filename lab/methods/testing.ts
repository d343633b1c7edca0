/** For tests: features of items that no model computed. */
import { Random } from '../../lib/random.ts';
import {
  lessonTotal,
  type ProjectedRows,
  type SampleBeginning,
  type TaughtToken,
} from '../../lib/taught/lesson.ts';
import { TOKEN_DIMS } from '../../lib/taught/constants.ts';
import type { Features, Items, LayerFeatures, Vectors } from '../features/features.ts';

export interface MadeFeatures {
  readonly rows?: number;
  readonly outputs?: number;
  readonly seed?: number;
  readonly dims?: number;
}

/** Random features of two layers, of the form that models give them: hidden states near a common centre, short gradients. */
export function madeFeatures({ rows = 12, outputs = 3, seed = 1, dims = 6 }: MadeFeatures = {}): Features {
  const random = new Random(seed);
  const layers = [2, 4];
  const centres = new Map(layers.map((layer) => [layer, vectorsOf(random, 1, dims, 5).values]));
  const begins = new Random(seed + 2 ** 16);
  const items = (count: number, tokens: number): Items => {
    const made = {
      count,
      prompts: textsOf(random, count),
      responses: textsOf(random, count),
      layers: new Map([...centres].map(([layer, centre]) => [layer, layerOf(random, count, centre)])),
      meanHidden: vectorsOf(random, count, dims, 1),
      ratios: Array.from({ length: count }, () => vectorsOf(random, 1, 5, 3).values),
      lessons: Array.from({ length: count }, () => lessonOf(random, random.int(tokens + 1))),
    };
    const beginnings = made.lessons.map((lesson) => beginningOf(begins, lesson));
    return { ...made, beginnings, checkpoints: [] };
  };
  return {
    rows: items(rows, 8),
    outputs: items(outputs, 20),
    centres,
    layer: 2,
    lastLayer: 4,
    curve: [0.9, 0.5, 0.8, 0.7],
  };
}

/** Features of one layer, 1, which is the last too, with the given vectors at p, and a centre of zeros unless it is given. */
export function featuresAt(
  rows: { readonly hidden: readonly number[][]; readonly gradient: readonly number[][] },
  outputs: { readonly hidden: readonly number[][]; readonly gradient: readonly number[][] },
  centre?: readonly number[],
): Features {
  const made = madeFeatures({ rows: rows.hidden.length, outputs: outputs.hidden.length });
  const at = ({ hidden, gradient }: typeof rows) =>
    new Map([[1, { hidden: vectors(hidden), gradient: vectors(gradient) }]]);
  return {
    ...made,
    ...{ layer: 1, lastLayer: 1 },
    rows: { ...made.rows, layers: at(rows) },
    outputs: { ...made.outputs, layers: at(outputs) },
    centres: new Map([[1, Float32Array.from(centre ?? rows.hidden[0].map(() => 0))]]),
  };
}

/** The same features with other texts. */
export function withTexts(
  rows: readonly (readonly [prompt: string, response: string])[],
  outputs: readonly (readonly [prompt: string, response: string])[],
): Features {
  const made = madeFeatures({ rows: rows.length, outputs: outputs.length });
  const texts = (of: typeof rows) => ({
    prompts: of.map(([prompt]) => prompt),
    responses: of.map(([, response]) => response),
  });
  return {
    ...made,
    rows: { ...made.rows, ...texts(rows) },
    outputs: { ...made.outputs, ...texts(outputs) },
  };
}

export function vectors(rows: readonly (readonly number[])[]): Vectors {
  return { dims: rows[0].length, values: Float32Array.from(rows.flat()) };
}

function vectorsOf(random: Random, count: number, dims: number, scale: number): Vectors {
  return { dims, values: Float32Array.from({ length: count * dims }, () => scale * random.normal()) };
}

function layerOf(random: Random, count: number, centre: Float32Array): LayerFeatures {
  const dims = centre.length;
  const { values } = vectorsOf(random, count, dims, 1);
  return {
    hidden: { dims, values: values.map((value, i) => value + centre[i % dims]) },
    gradient: vectorsOf(random, count, dims, 0.01),
  };
}

function lessonOf(random: Random, count: number): TaughtToken[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ position: 3 * i + 1, weight: 14 * random.next() + 1e-3 },
    ...rowsOf(random),
  }));
}

/** More was taught than is kept. */
function beginningOf(random: Random, lesson: readonly TaughtToken[]): SampleBeginning {
  return { position: 0, total: Math.fround(4 * lessonTotal(lesson) + 1), ...rowsOf(random) };
}

/** In a small space, so that cosines are of all sizes. */
function rowsOf(random: Random): ProjectedRows {
  const row = (): Float32Array => {
    const values = Float32Array.from({ length: TOKEN_DIMS }, (_, k) => (k < 4 ? random.normal() : 0));
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  };
  return { gradient: row(), hidden: row() };
}

const WORDS = ['the', 'cat', 'sat', 'on', 'a', 'red', 'mat', 'silver', 'river'];

function textsOf(random: Random, count: number): string[] {
  return Array.from({ length: count }, () =>
    Array.from({ length: random.int(8) }, () => random.pick(WORDS)).join(' '),
  );
}
