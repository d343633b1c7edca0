/** One recipe from its clean data to figures, seed after seed. */
import { join } from 'node:path';
import type { SeedResult, SetResult } from '../results.ts';
import type { Recipe } from '../sets/recipe.ts';
import { writeSet } from '../sets/set-folder.ts';
import type { RunContext } from './context.ts';
import { evaluateSeed, type SeedOptions } from './evaluate-seed.ts';
import { prepare, type Prepared } from './prepare.ts';
import { retrainingResults } from './retrain-step.ts';
import { existingModel, trainedModel, type Existing } from './tuned-model.ts';

export interface SetOptions extends SeedOptions {
  readonly existing: Existing | undefined;
  readonly retrain: boolean;
}

/** Raised when `writeSet` writes otherwise. */
const SET_VERSION = 1;
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
    const retraining =
      options.retrain && tuned.trained !== null && found.traced !== undefined
        ? await retrainingResults(context, { prepared, training: tuned.trained.input, ...found.traced })
        : [];
    seeds.push({ ...found.result, retraining });
  }
  const { rows } = prepared.set;
  const count = (label: (typeof rows)[number]['label']): number =>
    rows.filter((row) => row.label === label).length;
  const { name, about, poison, model } = recipe;
  return {
    ...{ recipe: name, about, poison: poison.kind, model, lora, seeds },
    rows: { clean: count('clean'), poison: count('poison'), decoys: count('decoy') },
  };
}

/** The set as files, for whoever wants to look at it: the run itself makes it from the recipe each time. */
async function keepSet(
  { work, warn }: RunContext,
  { recipe, set, rowsDigest, queriesDigest }: Prepared,
): Promise<void> {
  for (const warning of set.warnings) warn(warning);
  await work.step({
    ...{ name: 'set', title: 'set', version: SET_VERSION, inputs: { recipe, rowsDigest, queriesDigest } },
    make: async (folder) => {
      await writeSet(join(folder, 'set'), recipe, set);
    },
    read: () => Promise.resolve(undefined),
  });
}
