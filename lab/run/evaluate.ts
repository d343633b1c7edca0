/**
 * The laboratory's run: recipes in, figures out, by way of steps that are kept in a work folder. What is there already is not
 * made again; what was interrupted goes on.
 */
import { join } from 'node:path';
import { ReptraceError } from '../../lib/errors.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { METHODS, methodNamed } from '../methods/method-list.ts';
import type { Method } from '../methods/method.ts';
import type { Results, SetResult } from '../results.ts';
import type { Recipe } from '../sets/recipe.ts';
import { codeDigests } from './code-digest.ts';
import { evaluateSet } from './evaluate-set.ts';
import type { Existing } from './tuned-model.ts';
import { REMOVING } from './retrain-step.ts';
import { WorkFolder, type Done } from './work-folder.ts';

export interface EvaluateOptions {
  readonly gpu: Gpu;
  /** Where steps are kept; one process at a time may use it. */
  readonly work: string;
  /** Names; default all that what is there allows. */
  readonly methods?: readonly string[] | undefined;
  /** In the place of the recipes' seeds of training. */
  readonly seeds?: readonly number[] | undefined;
  /** A finished model in the place of training. */
  readonly existing?: Existing | undefined;
  /** A sentence encoder's folder. */
  readonly sentence?: string | undefined;
  /** Whether models are trained again without the rows that methods blame: those of `methods`, or else of REMOVING. */
  readonly retrain?: boolean | undefined;
  /** How many models are trained on halves of the rows, for the linear datamodelling score: 2 at least; default none. */
  readonly lds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is going on, said often. */
  readonly onProgress?: ((text: string) => void) | undefined;
  /** What the maker of a recipe should know of its set. */
  readonly onWarning?: ((set: string, text: string) => void) | undefined;
  /** A step that is done. */
  readonly onStep?:
    ((set: string, title: string, done: Pick<Done<unknown>, 'seconds' | 'cached'>) => void) | undefined;
}

/**
 * Throws INPUT_INVALID for no recipes, two of one name, unknown methods, or trainings or seeds of a model that was not trained here;
 * what a step throws, the recipe's name before it.
 */
export async function evaluateRecipes(
  recipes: readonly Recipe[],
  options: EvaluateOptions,
): Promise<Results> {
  checkNames(recipes);
  checkTrainings(options);
  checkSeeds(options);
  const { gpu, work, existing, lds, sentence } = options;
  const { signal, onProgress, onStep, onWarning } = options;
  const methods = methodsOf(options);
  const retrain = options.retrain === true ? (options.methods ?? REMOVING) : undefined;
  const code = await codeDigests();
  const sets: SetResult[] = [];
  for (const recipe of recipes) {
    const folder = new WorkFolder(join(work, recipe.name), (title, done) => {
      onStep?.(recipe.name, title, done);
    });
    const show = (text: string): void => onProgress?.(`${recipe.name}: ${text}`);
    const warn = (text: string): void => onWarning?.(recipe.name, text);
    const context = { gpu, work: folder, code, signal, show, warn };
    const found = await ofRecipe(recipe, () =>
      evaluateSet(context, adapted(recipe, options), { methods, sentence, existing, retrain, lds }),
    );
    sets.push({ ...found, seconds: folder.seconds });
  }
  const { device, description } = gpu.report;
  const adapter = [device, description].filter((part) => part !== '').join(', ');
  return { version: 1, made: new Date().toISOString(), adapter, sets };
}

function adapted(recipe: Recipe, { seeds }: EvaluateOptions): Recipe {
  return {
    ...recipe,
    training: { ...recipe.training, seeds: seeds ?? recipe.training.seeds },
  };
}

/** Of those not named, methods that need an encoder are left out where there is none. */
function methodsOf({ methods, sentence }: EvaluateOptions): readonly Method[] {
  if (methods !== undefined) {
    const named = [...new Set(methods)].map(methodNamed);
    const needing = named.find(({ needs }) => sentence === undefined && needs.includes('sentence'));
    if (needing === undefined) return named;
    throw new ReptraceError(
      'INPUT_INVALID',
      `the method ${needing.name} needs a sentence encoder, and none is named`,
      'Name the folder of one with --sentence, or leave the method out.',
    );
  }
  return METHODS.filter(({ needs }) => sentence !== undefined || !needs.includes('sentence'));
}

function checkNames(recipes: readonly Recipe[]): void {
  const names = recipes.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (recipes.length > 0 && twice === undefined) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    twice === undefined ? 'no recipe is named' : `two recipes have the name ${twice}`,
    twice === undefined
      ? 'Name at least one with --recipe.'
      : 'Give each a name of its own: it names a column.',
  );
}

function checkTrainings({ existing, retrain = false, lds }: EvaluateOptions): void {
  if (lds !== undefined && (!Number.isSafeInteger(lds) || lds < 2)) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `${lds} models are to be trained on halves of the rows: ranks need two at least`,
      'Train 16 or more: the score of fewer is mostly chance.',
    );
  }
  if (existing === undefined || (!retrain && lds === undefined)) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    'a model that was not trained here cannot be trained again on fewer rows',
    'Leave out --retrain and --lds, or --adapter and --tuned.',
  );
}

function checkSeeds({ existing, seeds }: EvaluateOptions): void {
  if (existing === undefined || seeds === undefined) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    'a model that was not trained here has no seed of training',
    'Leave out --seeds, or --adapter and --tuned.',
  );
}

async function ofRecipe<T>({ name }: Recipe, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `recipe ${name}: ${error.message}`, error.remedy, { cause: error });
  }
}
