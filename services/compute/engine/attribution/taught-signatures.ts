/**
 * Signatures of a fine-tuned model beside its base: the same batch goes through both, forward and back through the tuned one,
 * only forward through the base. What comes of it is what the fine-tuning did to each response token.
 */
import type { ReptraceError } from '../../../../lib/errors.ts';
import type { Model } from '../model/model.ts';
import { groupBatches } from './group-batches.ts';
import { sentOf, type Sent } from './group-run.ts';
import type { Sample } from './sample.ts';
import {
  signaturesOfBatch,
  startSignatures,
  type Signature,
  type SignatureOptions,
  type SignatureResult,
} from './signature.ts';
import { namingBase, underBase } from './under-base.ts';

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
  const losses = await startBase(base, samples.length === 0 ? [] : [samples]);
  const results = await signaturesOfBatch(tuned, samples, options);
  return (await besideLosses([results], losses)).flat();
}

/**
 * As `signaturesOfGroup`, of batches that fit the memory of the tuned model together; the base takes them in groups of its own,
 * where its memory is bounded.
 */
export async function taughtSignaturesOfGroup(
  pair: ModelPair,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<TaughtSignatureResult[][]> {
  return (await startTaughtSignatures(pair, batches, options)).results;
}

/** The same, up to where results would be waited for: other work can be recorded and sent before. */
export async function startTaughtSignatures(
  { tuned, base }: ModelPair,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<Sent<TaughtSignatureResult[]>> {
  const losses = await startBase(base, batches);
  const { results } = await startSignatures(tuned, batches, options);
  return sentOf(results.then((all) => besideLosses(all, losses)));
}

/**
 * Sends the base's forward, so that the GPU is at it while the tuned model's commands are recorded.
 *
 * Both models have one device, which takes note of what it refused, memory say, and is asked about it only now and then. It is
 * asked wherever one model's work ends, so that what it refused to one is not told of the other.
 */
async function startBase(
  base: Model,
  batches: readonly (readonly Sample[])[],
): Promise<Sent<SignatureResult[]>> {
  base.gpu.assertHealthy();
  const start = async (): Promise<Sent<SignatureResult[]>> => {
    const groups: Promise<SignatureResult[][]>[] = [];
    for await (const group of groupBatches(base, batches, FORWARD)) {
      groups.push((await startSignatures(base, group, FORWARD)).results);
    }
    return sentOf(Promise.all(groups).then((all) => all.flat()));
  };
  return namingBase(start());
}

/** @param results of the tuned model, which are there by now: what the device refused to it was thrown there */
async function besideLosses(
  results: readonly (readonly SignatureResult[])[],
  losses: Sent<SignatureResult[]>,
): Promise<TaughtSignatureResult[][]> {
  const before = (await namingBase(losses.results)).flat();
  let at = 0;
  return results.map((batch) => batch.map((result) => joined(result, before[at++])));
}

function joined(tuned: SignatureResult, base: SignatureResult): TaughtSignatureResult {
  if ('error' in tuned) return tuned;
  if ('error' in base) return { sample: tuned.sample, error: underBase(base.error) };
  return { ...tuned, ratios: tuned.nll.map((nll, i) => base.nll[i] - nll) };
}
