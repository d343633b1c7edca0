/** The model of one seed: trained here, or one that is there already. */
import { ReptraceError } from '../../lib/errors.ts';
import { assertFits, assertOther } from '../../services/compute/engine/model/fitting-base.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import type { SeedResult } from '../results.ts';
import type { KnownSource, RunContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import { trainStep, type TrainingInput } from './train-step.ts';

/** A finished model in the place of training: a PEFT adapter for the recipe's model, or a model of its own. */
export interface Existing {
  readonly adapter?: string | undefined;
  readonly tuned?: string | undefined;
}

export interface TunedModel extends KnownSource {
  /** null for one that was there already. */
  readonly trained: {
    readonly outcome: SeedResult['training'];
    /** Where checkpoints are kept. */
    readonly folder: string;
    readonly input: TrainingInput;
  } | null;
  readonly lora: boolean;
}

/** More would cost gradients of every row each. */
const CHECKPOINTS = 4;

export async function trainedModel(
  context: RunContext,
  prepared: Prepared,
  seed: number,
): Promise<TunedModel> {
  const { recipe, set, base } = prepared;
  const input = {
    ...{ base, rows: set.rows.filter(({ trained }) => trained) },
    ...{ training: recipe.training, seed, checkpoints: CHECKPOINTS },
  };
  const { value, key } = await trainStep(context, `seed-${seed}/training`, `training, seed ${seed}`, input);
  const { source, outcome, folder } = value;
  // What follows from a training depends on all that it depends on; reading its weights would say no more.
  return { source, digest: key, trained: { outcome, folder, input }, lora: recipe.training.lora !== null };
}

/**
 * Throws LORA_INVALID or LORA_UNSUPPORTED for an adapter of another base; TOKENIZER_MISMATCH or SHAPE_MISMATCH for a model of
 * another, INPUT_INVALID for the base itself.
 */
export async function existingModel(base: KnownSource, { adapter, tuned }: Existing): Promise<TunedModel> {
  if (adapter !== undefined && tuned !== undefined) {
    throw new ReptraceError(
      'INPUT_INVALID',
      'an adapter and a tuned model are named: there is one model to evaluate',
      'Name one of them.',
    );
  }
  const source =
    adapter === undefined
      ? await openModel(tuned ?? base.source.path)
      : adaptedModel(base.source, await openAdapter(adapter));
  assertFits(source, base.source);
  const digest = await source.digest();
  assertOther(digest, base.digest, base.source.path);
  return { source, digest, trained: null, lora: adapter !== undefined };
}
