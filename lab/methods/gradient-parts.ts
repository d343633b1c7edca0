/** Sketched parameter gradients as methods read them: checkpoint by checkpoint, and trained tensor by trained tensor. */
import { ReptraceError } from '../../lib/errors.ts';
import type { CheckpointFeatures, Features, Vectors } from '../features/features.ts';
import type { Checkpoints } from './method.ts';

/** One checkpoint's view of rows and outputs. */
export interface Checkpoint {
  readonly rows: CheckpointFeatures;
  readonly outputs: CheckpointFeatures;
}

/** One trained tensor's share of the sketches. */
export interface Part {
  /** Numbers of the tensor itself, before it was sketched. */
  readonly size: number;
  readonly rows: Vectors;
  readonly outputs: Vectors;
}

/** In the order of training. Throws INPUT_INVALID where there are none, SHAPE_MISMATCH where rows and outputs differ. */
export function checkpointsOf({ rows, outputs }: Features): readonly Checkpoint[] {
  if (rows.checkpoints.length === 0) {
    throw new ReptraceError(
      'INPUT_INVALID',
      'the features have no parameter gradients',
      'Keep checkpoints of the training, and compute the features with gradients.',
    );
  }
  const described = (list: readonly CheckpointFeatures[]): string =>
    JSON.stringify(list.map(({ step, modules, gradient }) => [step, gradient.dims, modules]));
  if (described(rows.checkpoints) !== described(outputs.checkpoints)) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      'the gradients of rows and outputs are of other checkpoints, tensors or sketches',
      'Compute the features of rows and outputs together.',
    );
  }
  return rows.checkpoints
    .map((checkpoint, i) => ({ rows: checkpoint, outputs: outputs.checkpoints[i] }))
    .sort((a, b) => a.rows.step - b.rows.step);
}

/** What methods of one checkpoint look at: the model that gave the outputs. Throws as `checkpointsOf` does. */
export function lastCheckpoint(features: Features): Checkpoint {
  const checkpoints = checkpointsOf(features);
  return checkpoints[checkpoints.length - 1];
}

/**
 * Each checkpoint's share of the learning rates, in the order of training; they sum to 1. Throws INPUT_INVALID where all rates are 0.
 */
export function rateShares(checkpoints: readonly Checkpoint[]): readonly number[] {
  const rates = checkpoints.map(({ rows }) => rows.learningRate);
  const sum = rates.reduce((total, rate) => total + rate, 0);
  if (sum > 0 && rates.every((rate) => rate >= 0)) return rates.map((rate) => rate / sum);
  throw new ReptraceError(
    'INPUT_INVALID',
    `the learning rates at the kept checkpoints are ${rates.join(', ')}: they weigh nothing`,
    'Keep checkpoints at which the model was still learning.',
  );
}

/** The parts of the plain gradients, one at a time: a copy of each lies close together. */
export function* partsOf({ rows, outputs }: Checkpoint): Generator<Part> {
  const width = rows.gradient.dims / rows.modules.length;
  for (const [i, size] of rows.parts.entries()) {
    yield {
      size,
      rows: columns(rows.gradient, i * width, width),
      outputs: columns(outputs.gradient, i * width, width),
    };
  }
}

/** Bytes of a row's sketches at these checkpoints, in float32; undefined where there are none. */
export function sketchBytes({ rows }: Features, which: Checkpoints): number | undefined {
  const { length } = rows.checkpoints;
  const [first] = rows.checkpoints;
  return length === 0 ? undefined : 4 * first.gradient.dims * (which === 'last' ? 1 : length);
}

/** Dot products of each output's vector with each row's, [outputs][rows], in float64. */
export function dots(outputs: Vectors, rows: Vectors): Float64Array[] {
  return Array.from({ length: itemsOf(outputs) }, (_, output) =>
    Float64Array.from({ length: itemsOf(rows) }, (_none, row) => product(outputs, output, rows, row)),
  );
}

/** The same of vectors of unit length; 0 for a vector of zeros. */
export function cosines(outputs: Vectors, rows: Vectors): Float64Array[] {
  const [asked, known] = [lengths(outputs), lengths(rows)];
  return dots(outputs, rows).map((values, output) =>
    values.map((value, row) => (value === 0 ? 0 : value / (asked[output] * known[row]))),
  );
}

/** The length of each vector. */
export function lengths(vectors: Vectors): Float64Array {
  return Float64Array.from({ length: itemsOf(vectors) }, (_, item) =>
    Math.sqrt(product(vectors, item, vectors, item)),
  );
}

export function itemsOf({ dims, values }: Vectors): number {
  return values.length / dims;
}

/** Adds weight times some scores to others, in place. */
export function addScores(
  sums: readonly Float64Array[],
  scores: readonly Float64Array[],
  weight: number,
): void {
  scores.forEach((values, output) => {
    values.forEach((value, row) => {
      sums[output][row] += weight * value;
    });
  });
}

/** Zeros, [outputs][rows]. */
export function noScores({ rows, outputs }: Checkpoint): Float64Array[] {
  return Array.from({ length: itemsOf(outputs.gradient) }, () => new Float64Array(itemsOf(rows.gradient)));
}

/**
 * Σ over checkpoints of the checkpoint's share of the learning rates times what it gives, one or several scores. Throws as
 * `checkpointsOf` and `rateShares` do.
 */
export function sumOverCheckpoints(
  features: Features,
  scoresOf: (checkpoint: Checkpoint) => Iterable<readonly Float64Array[]>,
): Float64Array[] {
  const checkpoints = checkpointsOf(features);
  const byOutput = noScores(checkpoints[0]);
  for (const [t, weight] of rateShares(checkpoints).entries()) {
    for (const scores of scoresOf(checkpoints[t])) addScores(byOutput, scores, weight);
  }
  return byOutput;
}

/** Of item i of some vectors with item j of others. */
function product(a: Vectors, i: number, b: Vectors, j: number): number {
  const [x, y] = [a.values, b.values];
  const end = (i + 1) * a.dims;
  let sum = 0;
  for (let at = i * a.dims, other = j * b.dims; at < end; at++, other++) sum += x[at] * y[other];
  return sum;
}

function columns({ dims, values }: Vectors, first: number, width: number): Vectors {
  const items = values.length / dims;
  const own = new Float32Array(items * width);
  for (let i = 0; i < items; i++)
    own.set(values.subarray(i * dims + first, i * dims + first + width), i * width);
  return { dims: width, values: own };
}
