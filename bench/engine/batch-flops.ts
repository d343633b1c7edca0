/** Operations of the signatures of one packed batch, as the engine counts them (signature-flops.ts). */
import {
  signatureFlops,
  type FlopsConfig,
  type SignatureFlops,
} from '../../services/compute/engine/attribution/signature-flops.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { logitsMadeTwice } from '../../services/compute/engine/model/head.ts';

/** @param layer the lowest asked one @param taught whether a base model is run beside it */
export function batchFlops(
  config: FlopsConfig,
  samples: readonly Sample[],
  layer: number,
  taught = false,
): SignatureFlops {
  const rows = samples.map(({ inputIds, promptLength }) => ({
    length: inputIds.length,
    predicted: inputIds.length - promptLength,
  }));
  const predicted = rows.reduce((sum, row) => sum + row.predicted, 0);
  const logitsTwice = logitsMadeTwice(config.vocabSize, predicted);
  return signatureFlops(config, rows, { lowest: layer, logitsTwice, taught });
}
