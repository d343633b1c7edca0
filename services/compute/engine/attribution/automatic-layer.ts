/** The layer that the curve over a probe set of samples chooses (see layer-choice.ts). */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Model } from '../model/model.ts';
import { chooseLayer, meanCurve, probeIndices, type LayerRule } from './layer-choice.ts';
import type { Sample } from './sample.ts';
import { signatureBatches } from './signature-batches.ts';

export interface AutomaticLayer {
  readonly layer: number;
  readonly rule: LayerRule;
  /** Mean cosines of adjacent hidden states at p, by layer. */
  readonly curve: readonly number[];
  /** Samples that the curve was averaged over. */
  readonly probes: number;
}

/** Throws NOT_FINITE when no probe has a curve, INPUT_INVALID when there are no samples. */
export async function automaticLayer(
  model: Model,
  samples: readonly Sample[],
  rule: LayerRule = 'deep',
): Promise<AutomaticLayer> {
  const probes = probeIndices(samples.length).flatMap((i) => samples[i] ?? []);
  const curves: (readonly number[])[] = [];
  let failure: ReptraceError | undefined;
  for await (const results of signatureBatches(model, probes, { layers: [], curve: true })) {
    for (const result of results) {
      if ('error' in result) failure = result.error;
      else if (result.adjacentCosine !== undefined) curves.push(result.adjacentCosine);
    }
  }
  if (curves.length === 0) {
    throw (
      failure ??
      new ReptraceError(
        'INPUT_INVALID',
        'there is no sample to choose a layer by',
        'Name the layers, or give samples.',
      )
    );
  }
  const curve = meanCurve(curves);
  return { layer: chooseLayer(curve, rule), rule, curve, probes: curves.length };
}
