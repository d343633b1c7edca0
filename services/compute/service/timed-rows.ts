/** Keeps how fast rows were signed, for plans. */
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { signatureFlops } from '../engine/attribution/signature-flops.ts';
import { logitsMadeTwice } from '../engine/model/head.ts';
import type { TokenSequence } from '../engine/model/batch.ts';
import type { LoadedModels } from './loaded-models.ts';
import type { WithBase } from './with-base.ts';

/** @param rows those that `work` signs, all together */
export async function timedRows<T>(
  models: LoadedModels,
  { model: { config }, base, description }: WithBase,
  { rows, layers }: { readonly rows: readonly TokenSequence[]; readonly layers: readonly number[] },
  work: () => Promise<T>,
): Promise<T> {
  const begun = performance.now();
  const result = await work();
  const seconds = models.speeds.ownSeconds(begun, performance.now());
  const counts = rows.map(({ inputIds, promptLength }) => {
    return { length: inputIds.length, predicted: inputIds.length - promptLength };
  });
  const tokens = counts.reduce((sum, { length }) => sum + length, 0);
  const predicted = counts.reduce((sum, row) => sum + row.predicted, 0);
  // Of a group of batches, those of one are in the head at a time.
  const batches = Math.max(1, Math.round(tokens / BATCH_TOKENS));
  const logitsTwice = logitsMadeTwice(config.vocabSize, predicted / batches);
  const lowest = Math.min(config.layers, ...layers);
  models.speeds.note(
    description.digest,
    signatureFlops(config, counts, { lowest, logitsTwice, taught: base !== null }).total,
    seconds,
  );
  return result;
}
