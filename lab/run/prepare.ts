/** The beginning of a run over one recipe: its set, its base model, and the rows as samples, all checked before hours are spent. */
import { ReptraceError } from '../../lib/errors.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { requireTokenizer } from '../../services/compute/engine/model/model-text.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderPrompt } from '../../services/compute/engine/model/render.ts';
import { labSamples } from '../features/lab-samples.ts';
import type { LabItems } from '../features/representations.ts';
import type { CleanRow } from '../sets/clean.ts';
import { readData } from '../sets/data.ts';
import { makeSet, type MadeSet } from '../sets/make-set.ts';
import type { Recipe } from '../sets/recipe.ts';
import type { EvalSet } from '../sets/set.ts';
import type { KnownSource } from './context.ts';
import { digestOf } from './digest.ts';

export interface Prepared {
  readonly recipe: Recipe;
  readonly set: MadeSet;
  /** Digests of the rows with their labels, and of the questions: what depends on them names these. */
  readonly rowsDigest: string;
  readonly queriesDigest: string;
  readonly clean: readonly CleanRow[];
  readonly base: KnownSource;
  readonly rows: LabItems;
  /** Indices of the rows to find. */
  readonly poison: ReadonlySet<number>;
}

/**
 * Throws what makes the set impossible, and for rows and questions that the model does not hold PROMPT_TOO_LONG or INPUT_INVALID
 * with their name.
 */
export async function prepare(recipe: Recipe): Promise<Prepared> {
  if (recipe.model === '') throw noModel();
  const { clean, given } = await readData(recipe);
  const set = makeSet(recipe, clean, given);
  const source = await openModel(recipe.model);
  requireTokenizer(source);
  checkQueries(source, set);
  const base = { source, digest: await source.digest() };
  const rows = { pairs: set.rows, samples: labSamples(source, 'row', set.rows) };
  return {
    ...{ recipe, set, clean, base, rows },
    rowsDigest: digestOf(set.rows),
    queriesDigest: digestOf({ queries: set.queries, behaviour: set.behaviour }),
    poison: new Set(set.rows.flatMap(({ label }, i) => (label === 'poison' ? [i] : []))),
  };
}

function checkQueries(source: ModelSource, { queries }: EvalSet): void {
  for (const [i, { prompt }] of queries.entries()) {
    try {
      renderPrompt(source, prompt);
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      throw new ReptraceError(error.code, `question ${i + 1}: ${error.message}`, error.remedy, {
        cause: error,
      });
    }
  }
}

function noModel(): ReptraceError {
  return new ReptraceError(
    'MODEL_NOT_FOUND',
    'it names no base model',
    'Name the folder of one with --model, or as "model" in the recipe.',
  );
}
