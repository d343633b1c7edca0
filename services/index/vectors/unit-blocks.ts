/**
 * Signatures as the store has them: unit blocks [ĥ ; ĝ] for each layer in order, float32, made with float64 norms. A block
 * whose norm is 0 stays zero: its cosine with anything is 0.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import type { CollectionShape } from '../stores/signature-store.ts';

export interface UnitBlocks {
  /** [layers · 2 · width] */
  readonly vector: Float32Array;
  /** [h0, g0, h1, g1, …] */
  readonly norms: Float32Array;
}

/**
 * Throws NOT_FINITE, naming the layer, for vectors or norms that are not; SHAPE_MISMATCH when the signature is not of the
 * index's layers, in order, and width.
 */
export function unitBlocks(signature: readonly LayerVectors[], shape: CollectionShape): UnitBlocks {
  checkShape(signature, shape);
  const { width } = shape;
  const vector = new Float32Array(signature.length * 2 * width);
  const norms = new Float32Array(signature.length * 2);
  for (const [block, values] of signature.flatMap(({ hidden, gradient }) => [hidden, gradient]).entries()) {
    const norm = normOf(values);
    norms[block] = norm;
    if (!Number.isFinite(norms[block])) throw notFinite(signature[block >> 1].layer, block);
    if (norm === 0) continue;
    for (let i = 0; i < width; i++) vector[block * width + i] = values[i] / norm;
  }
  return { vector, norms };
}

/** Throws SHAPE_MISMATCH. */
export function checkShape(signature: readonly LayerVectors[], { layers, width }: CollectionShape): void {
  const named = signature.map(({ layer }) => layer);
  const sameLayers = named.length === layers.length && named.every((layer, i) => layer === layers[i]);
  const wrong = signature.find(
    ({ hidden, gradient }) => hidden.length !== width || gradient.length !== width,
  );
  if (sameLayers && wrong === undefined) return;
  throw new ReptraceError(
    'SHAPE_MISMATCH',
    sameLayers
      ? `layer ${wrong?.layer} has vectors of ${wrong?.hidden.length} and ${wrong?.gradient.length} numbers, the index of ${width}`
      : `the signature is of the layers ${named.join(', ')}, the index of ${layers.join(', ')}`,
    'Sign with the model and the layers of the index.',
  );
}

/** Euclidean norm, in float64. */
export function normOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

function notFinite(layer: number, block: number): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `the ${block % 2 === 0 ? 'hidden state' : 'gradient'} at layer ${layer} is not finite`,
    'The model cannot work with this text in its precision: leave it out.',
  );
}
