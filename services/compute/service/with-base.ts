/** Work with a model alone, or with its base beside it: then what it signs has ratios, and lessons can be made of them. */
import type { ModelRef, TaughtSetup } from '../../../lib/mesh/compute-messages.ts';
import type { SampleBeginning, TaughtToken } from '../../../lib/taught/lesson.ts';
import { beginningOf, lessonOf } from '../engine/attribution/lessons.ts';
import { sentOf, type Sent } from '../engine/attribution/group-run.ts';
import type { Sample } from '../engine/attribution/sample.ts';
import {
  signaturesOfBatch,
  startSignatures,
  type Signature,
  type SignatureOptions,
  type SignatureResult,
} from '../engine/attribution/signature.ts';
import { startTaughtSignatures, taughtSignaturesOfBatch } from '../engine/attribution/taught-signatures.ts';
import type { Model } from '../engine/model/model.ts';
import type { Priority } from './lane.ts';
import type { LoadedModel, LoadedModels } from './loaded-models.ts';

/** To be used in the lane only. */
export interface WithBase extends LoadedModel {
  /** null where none was asked for. */
  readonly base: Model | null;
}

/** log p_tuned - log p_base of each response token, in nats; null without a base. */
export type SignedWithBase = Signature & { readonly ratios: Float64Array | null };

/** A sample's signature, or why it has none. */
export type ResultWithBase = SignedWithBase | Extract<SignatureResult, { readonly error: unknown }>;

/** Throws as LoadedModels.use and usePair do. */
export function useWithBase<T>(
  models: LoadedModels,
  { model, base }: { readonly model: ModelRef; readonly base: ModelRef | null },
  priority: Priority,
  work: (loaded: WithBase, sent: () => void) => Promise<T>,
): Promise<T> {
  return base === null
    ? models.use(model, priority, (loaded, sent) => work({ ...loaded, base: null }, sent))
    : models.usePair(model, base, priority, work);
}

/** As signaturesOfBatch. */
export async function signBatch(
  { model, base }: WithBase,
  samples: readonly Sample[],
  options: SignatureOptions,
): Promise<ResultWithBase[]> {
  return base === null
    ? (await signaturesOfBatch(model, samples, options)).map(alone)
    : taughtSignaturesOfBatch({ tuned: model, base }, samples, options);
}

/** As startSignatures. */
export async function startGroup(
  { model, base }: WithBase,
  batches: readonly (readonly Sample[])[],
  options: SignatureOptions,
): Promise<Sent<ResultWithBase[]>> {
  if (base !== null) return startTaughtSignatures({ tuned: model, base }, batches, options);
  const { results } = await startSignatures(model, batches, options);
  return sentOf(results.then((all) => all.map((batch) => batch.map(alone))));
}

function alone(result: SignatureResult): ResultWithBase {
  return 'error' in result ? result : { ...result, ratios: null };
}

/** What a signature needs for a lesson. */
export function lessonOptions(taught: TaughtSetup | null): Pick<SignatureOptions, 'tokenRows'> {
  return taught === null ? {} : { tokenRows: { seed: taught.seed } };
}

/** The most taught tokens of what was signed with these options. @param limit of how many */
export function lessonTokens(
  { ratios, ...signature }: SignedWithBase,
  { centre }: TaughtSetup,
  limit: number,
): TaughtToken[] {
  return lessonOf(signature, requireRatios(ratios), centre, limit);
}

/** p of what was signed with these options; null where the index's samples have none. */
export function lessonBeginning(
  { ratios, ...signature }: SignedWithBase,
  { beginningCentre }: TaughtSetup,
): SampleBeginning | null {
  return beginningCentre === undefined
    ? null
    : beginningOf(signature, requireRatios(ratios), beginningCentre);
}

/** Of what was signed with a base. */
export function requireRatios(ratios: Float64Array | null): Float64Array {
  if (ratios === null) throw new Error('a signature was made without a base model');
  return ratios;
}

/** Of work that was begun with a base. */
export function requireBase(base: Model | null): Model {
  if (base === null) throw new Error('a model was opened without its base');
  return base;
}
