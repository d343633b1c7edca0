/**
 * Signatures of a fine-tuned model beside its base: the same batch goes through both, forward and back through the tuned one,
 * only forward through the base. What comes of it is what the fine-tuning did to each response token.
 */
import type { ReptraceError } from '../../../../lib/errors.ts';
import type { Model } from '../model/model.ts';
import { groupBatches } from './group-batches.ts';
import { readAndEnd, type Pending } from './group-run.ts';
import type { Sample } from './sample.ts';
import {
  signaturesOfBatch,
  signaturesOfGroup,
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
export function taughtSignaturesOfBatch(
  { tuned, base }: ModelPair,
  samples: readonly Sample[],
  options: SignatureOptions,
): Promise<TaughtSignatureResult[]> {
  return besideBase(base, samples.length === 0 ? [] : [samples], async (before) => {
    const results = await signaturesOfBatch(tuned, samples, options);
    const losses = (await before()).flat();
    return results.map((result, i) => joined(result, losses[i]));
  });
}

/**
 * As `signaturesOfGroup`, of batches that fit the memory of the tuned model together; the base takes them in groups of its own,
 * where its memory is bounded.
 */
export function taughtSignaturesOfGroup(
  { tuned, base }: ModelPair,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<TaughtSignatureResult[][]> {
  return besideBase(base, batches, async (before) => {
    const results = await signaturesOfGroup(tuned, batches, options);
    const losses = (await before()).flat();
    let at = 0;
    return results.map((batch) => batch.map((result) => joined(result, losses[at++])));
  });
}

/**
 * The base's forward is sent first, and what it gave read when the work asks for it, so that the GPU goes on meanwhile: all of
 * it, or where memory is bounded, the last group.
 *
 * Both models have one device, which takes note of what it refused, memory say, and is asked about it only now and then. It is
 * asked wherever one model's work ends, so that what it refused to one is not told of the other.
 */
async function besideBase<T>(
  base: Model,
  batches: readonly (readonly Sample[])[],
  work: (before: () => Promise<SignatureResult[][]>) => Promise<T>,
): Promise<T> {
  const { recorder } = base;
  const { gpu } = recorder;
  const results: SignatureResult[][] = [];
  let last: Pending<SignatureResult[]> | undefined;
  const readLast = async (): Promise<void> => {
    const pending = last;
    last = undefined;
    if (pending !== undefined) results.push(...(await readAndEnd(pending)));
  };
  const start = async (): Promise<void> => {
    for await (const group of groupBatches(base, batches, FORWARD)) {
      await readLast();
      last = await startSignatures(base, group, FORWARD);
    }
    recorder.submit();
    gpu.assertHealthy();
  };
  gpu.assertHealthy();
  try {
    await namingBase(start());
    return await work(async () => {
      gpu.assertHealthy();
      await namingBase(readLast());
      return results;
    });
  } finally {
    last?.end();
  }
}

function joined(tuned: SignatureResult, base: SignatureResult): TaughtSignatureResult {
  if ('error' in tuned) return tuned;
  if ('error' in base) return { sample: tuned.sample, error: underBase(base.error) };
  return { ...tuned, ratios: tuned.nll.map((nll, i) => base.nll[i] - nll) };
}
