/** Features as a method asks for them: what is not there is a named error, never a score of 0. */
import { ReptraceError } from '../../lib/errors.ts';
import type { Features, LayerFeatures, Vectors } from '../features/features.ts';

/** One layer of the rows and of the outputs, with the centre of hidden states there. */
export interface Place {
  readonly rows: LayerFeatures;
  readonly outputs: LayerFeatures;
  readonly centre: Float32Array;
}

/** Throws LAYER_NOT_FOUND. */
export function placeAt(features: Features, layer: number): Place {
  const rows = features.rows.layers.get(layer);
  const outputs = features.outputs.layers.get(layer);
  const centre = features.centres.get(layer);
  if (rows !== undefined && outputs !== undefined && centre !== undefined) return { rows, outputs, centre };
  const of = (layers: ReadonlyMap<number, unknown>): string => [...layers.keys()].join(', ') || 'none';
  throw new ReptraceError(
    'LAYER_NOT_FOUND',
    `layer ${layer} is not among the features: rows have ${of(features.rows.layers)}, outputs ${of(features.outputs.layers)}, centres ${of(features.centres)}`,
    'Compute the features again, with this layer.',
  );
}

/** Bytes of one of them in float32; undefined of none. */
export function vectorBytes(vectors: Vectors | undefined): number | undefined {
  return vectors && 4 * vectors.dims;
}

/** Bytes of h and g of a row at the layer; undefined without it. */
export function placeBytes({ rows }: Features, layer: number): number | undefined {
  const features = rows.layers.get(layer);
  return features && 4 * (features.hidden.dims + features.gradient.dims);
}
