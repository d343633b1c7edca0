/** One recipe from its clean data to figures, seed after seed. */
import { join } from 'node:path';
import type { SeedResult, SetResult } from '../results.ts';
import type { Recipe } from '../sets/recipe.ts';
import { writeSet } from '../sets/set-folder.ts';
import type { RunContext } from './context.ts';
import { evaluateSeed, type EvaluatedSeed, type SeedOptions } from './evaluate-seed.ts';
import { ldsResult } from './lds-step.ts';
import { prepare, type Prepared } from './prepare.ts';
import { retrainingResults } from './retrain-step.ts';
import { existingModel, trainedModel, type Existing, type TunedModel } from './tuned-model.ts';

export interface SetOptions extends SeedOptions {
  readonly existing: Existing | undefined;
  /** Methods whose blamed rows models are trained without; undefined: no model is. */
  readonly retrain: readonly string[] | undefined;
  /** Models trained on halves of the rows for the linear datamodelling score; undefined: none. */
  readonly lds: number | undefined;
}

/** In the place of a seed, for a model that was not trained here. */
const NO_SEED = 0;

export async function evaluateSet(
  context: RunContext,
  recipe: Recipe,
  options: SetOptions,
): Promise<Omit<SetResult, 'seconds'>> {
  const prepared = await prepare(recipe);
  await keepSet(context, prepared);
  const { existing } = options;
  const seeds: SeedResult[] = [];
  let lora = false;
  for (const seed of existing === undefined ? recipe.training.seeds : [NO_SEED]) {
    const tuned =
      existing === undefined
        ? await trainedModel(context, prepared, seed)
        : await existingModel(prepared.base, existing);
    lora = tuned.lora;
    const found = await evaluateSeed(context, prepared, tuned, seed, options);
    seeds.push({ ...found.result, ...(await trainedAgain(context, prepared, tuned, found, options)) });
  }
  const { rows } = prepared.set;
  const count = (label: (typeof rows)[number]['label']): number =>
    rows.filter((row) => row.label === label).length;
  const { name, about, poison, model } = recipe;
  return {
    ...{ recipe: name, about, poison: poison.kind, model, lora, seeds },
    rows: {
      ...{ clean: count('clean'), poison: count('poison') },
      ...{ decoys: count('decoy'), others: count('other') },
    },
  };
}

/** What asks for more trainings, of a seed that has a ranking. */
async function trainedAgain(
  context: RunContext,
  prepared: Prepared,
  { trained }: TunedModel,
  { traced }: EvaluatedSeed,
  { retrain, lds }: SetOptions,
): Promise<Pick<SeedResult, 'retraining' | 'lds'>> {
  if (trained === null || traced === undefined) return { retraining: [], lds: null };
  const input = { prepared, training: trained.input, traced };
  return {
    retraining:
      retrain === undefined ? [] : await retrainingResults(context, { ...input, removing: retrain }),
    lds: lds === undefined ? null : await ldsResult(context, { ...input, subsets: lds }),
  };
}

/** The set as files, for whoever wants to look at it: the run itself makes it from the recipe each time. */
async function keepSet(
  { work, code, warn }: RunContext,
  { recipe, set, rowsDigest, queriesDigest }: Prepared,
): Promise<void> {
  for (const warning of set.warnings) warn(warning);
  await work.step({
    ...{ name: 'set', title: 'set', code: code.figures, inputs: { recipe, rowsDigest, queriesDigest } },
    make: async (folder) => {
      await writeSet(join(folder, 'set'), recipe, set);
    },
    read: () => Promise.resolve(undefined),
  });
}
