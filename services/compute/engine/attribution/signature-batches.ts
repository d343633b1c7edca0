/**
 * Signatures of any number of samples, batch by batch, so that a caller can show progress and keep nothing. The device works on the
 * next batch while the results of one are used.
 */
import type { Model } from '../model/model.ts';
import { groupBatches } from './group-batches.ts';
import { oneAhead } from './one-ahead.ts';
import { batchByTokens, type Sample } from './sample.ts';
import { startSignatures, type SignatureOptions, type SignatureResult } from './signature.ts';

/** Tokens of one packed batch: bounds the activations that exist at once. */
export const BATCH_TOKENS = 2048;

/**
 * Results come in the order of the samples. The model may be used between two of them. What keeps a batch from being started is thrown
 * after the results of the one before.
 */
export async function* signatureBatches(
  model: Model,
  samples: readonly Sample[],
  options: SignatureOptions,
  batchTokens = BATCH_TOKENS,
): AsyncGenerator<SignatureResult[]> {
  const groups = groupBatches(model, batchByTokens(samples, batchTokens), options);
  for await (const results of oneAhead(groups, (group) => startSignatures(model, group, options))) {
    yield* results;
  }
}
