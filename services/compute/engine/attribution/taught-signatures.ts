/**
 * Signatures of a fine-tuned model beside its base: the same batch goes through both, forward and back through the tuned one,
 * only forward through the base. What comes of it is what the fine-tuning did to each response token.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Model } from '../model/model.ts';
import { groupBatches } from './group-batches.ts';
import type { Sample } from './sample.ts';
import {
  signaturesOfBatch,
  signaturesOfGroup,
  type Signature,
  type SignatureOptions,
  type SignatureResult,
} from './signature.ts';

/** Of one tokenizer. The same model twice is a pair too: it has been taught nothing. */
export interface ModelPair {
  readonly tuned: Model;
  readonly base: Model;
}

/** Of the tuned model. */
export interface TaughtSignature extends Signature {
  /** log p_tuned - log p_base of each response token, in nats. */
  readonly ratios: Float64Array;
}

export type TaughtSignatureResult =
  TaughtSignature | { readonly sample: Sample; readonly error: ReptraceError };

/** Of the base nothing but the losses is asked for. */
const FORWARD = { layers: [] } as const;

/**
 * As `signaturesOfBatch`, in the order of the samples; one that is not finite under either model gets an error. Throws as that
 * does, for what either model cannot take, and says when it is the base.
 */
export async function taughtSignaturesOfBatch(
  { tuned, base }: ModelPair,
  samples: readonly Sample[],
  options: SignatureOptions,
): Promise<TaughtSignatureResult[]> {
  const before = await ofBase(signaturesOfBatch(base, samples, FORWARD));
  const results = await signaturesOfBatch(tuned, samples, options);
  return results.map((result, i) => joined(result, before[i]));
}

/**
 * As `signaturesOfGroup`, of batches that fit the memory of the tuned model together; the base takes them in groups of its own,
 * where its memory is bounded.
 */
export async function taughtSignaturesOfGroup(
  { tuned, base }: ModelPair,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<TaughtSignatureResult[][]> {
  const before = await ofBase(forwardOf(base, batches));
  const results = await signaturesOfGroup(tuned, batches, options);
  let at = 0;
  return results.map((batch) => batch.map((result) => joined(result, before[at++])));
}

async function forwardOf(base: Model, batches: readonly (readonly Sample[])[]): Promise<SignatureResult[]> {
  const results: SignatureResult[] = [];
  for await (const group of groupBatches(base, batches, FORWARD)) {
    results.push(...(await signaturesOfGroup(base, group, FORWARD)).flat());
  }
  return results;
}

/** Whoever is told of a failure thinks of the tuned model, if not of the base: its context may be the smaller one, say. */
async function ofBase<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ReptraceError ? underBase(error) : error;
  }
}

function joined(tuned: SignatureResult, base: SignatureResult): TaughtSignatureResult {
  if ('error' in tuned) return tuned;
  if ('error' in base) return { sample: tuned.sample, error: underBase(base.error) };
  return { ...tuned, ratios: tuned.nll.map((nll, i) => base.nll[i] - nll) };
}

function underBase(error: ReptraceError): ReptraceError {
  return new ReptraceError(error.code, `under the base model, ${error.message}`, error.remedy, {
    cause: error,
  });
}
