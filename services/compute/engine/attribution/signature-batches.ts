/** Signatures of any number of samples, batch by batch, so that a caller can show progress and keep nothing. */
import type { Model } from '../model/model.ts';
import { groupBatches } from './group-batches.ts';
import { batchByTokens, type Sample } from './sample.ts';
import { signaturesOfGroup, type SignatureOptions, type SignatureResult } from './signature.ts';

/** Tokens of one packed batch: bounds the activations that exist at once. */
export const BATCH_TOKENS = 2048;

/** Results come in the order of the samples. */
export async function* signatureBatches(
  model: Model,
  samples: readonly Sample[],
  options: SignatureOptions,
  batchTokens = BATCH_TOKENS,
): AsyncGenerator<SignatureResult[]> {
  for await (const group of groupBatches(model, batchByTokens(samples, batchTokens), options)) {
    yield* await signaturesOfGroup(model, group, options);
  }
}
