/** The data that a recipe names, read: clean rows, and of data that is poisoned as it comes its poisoned rows and questions. */
import { ReptraceError } from '../../lib/errors.ts';
import { invalidDataset, shownList } from '../../services/index/datasets/problems.ts';
import { readClean, readLabelled, type CleanRow } from './clean.ts';
import { readQuestions } from './questions.ts';
import type { Poison, PoisonedRows, Recipe } from './recipe.ts';

export interface GivenRow extends CleanRow {
  readonly group: string;
}

export interface Given {
  readonly rows: readonly GivenRow[];
  /** That call for the behaviour. */
  readonly questions: readonly string[];
}

export interface SetData {
  readonly clean: readonly CleanRow[];
  readonly given: Given;
}

export const NOTHING_GIVEN: Given = { rows: [], questions: [] };

/** Throws DATASET_NOT_FOUND; DATASET_INVALID, also where no row is poisoned, or where a column is not there. */
export async function readData(recipe: Pick<Recipe, 'clean' | 'poison'>): Promise<SetData> {
  try {
    return await read(recipe);
  } catch (error) {
    if (!(error instanceof ReptraceError) || error.code !== 'DATASET_NOT_FOUND') throw error;
    const remedy = 'Check the path in the recipe, or name the folder that its data is in with --data.';
    throw new ReptraceError(error.code, error.message, remedy, { cause: error });
  }
}

async function read({ clean, poison }: Pick<Recipe, 'clean' | 'poison'>): Promise<SetData> {
  if (poison.kind !== 'given') return { clean: await readClean(clean.file), given: NOTHING_GIVEN };
  const { file = clean.file, poisonedRows, queries } = poison;
  const { poisoned, others } = await readPoisoned(file, poisonedRows, poison.kind);
  return {
    clean: file === clean.file ? others : await readClean(clean.file),
    given: { rows: poisoned, questions: await readQuestions(queries.file, queries.column) },
  };
}

async function readPoisoned(
  file: string,
  which: PoisonedRows,
  kind: Poison['kind'],
): Promise<{ readonly poisoned: GivenRow[]; readonly others: CleanRow[] }> {
  const rows = await readLabelled(file, 'column' in which ? which.column : null);
  if ('last' in which && which.last > rows.length) {
    throw invalidDataset(
      `the last ${which.last} rows of ${file} are poisoned, and it has ${rows.length}`,
      'Check poison.poisonedRows, and that the file is whole.',
    );
  }
  const poisoned: GivenRow[] = [];
  const others: CleanRow[] = [];
  for (const [i, { prompt, response, label }] of rows.entries()) {
    if ('last' in which) {
      if (i >= rows.length - which.last) poisoned.push({ prompt, response, group: kind });
      else others.push({ prompt, response });
    } else if (label !== null && which.values.includes(label))
      poisoned.push({ prompt, response, group: label });
    else others.push({ prompt, response });
  }
  if (poisoned.length > 0) return { poisoned, others };
  const values = 'values' in which ? shownList(which.values) : '';
  throw invalidDataset(`no row of ${file} is poisoned: none has ${values}`, 'Check poison.poisonedRows.');
}
