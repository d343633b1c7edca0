/**
 * `reptrace evaluate`: makes sets with known poison, fine-tunes on them, traces with every method, and says how well each did.
 * Steps are kept in the work folder: the same command again goes on, or only says what it found.
 */
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ReptraceError } from '../../lib/errors.ts';
import { localModel } from '../../lib/hub/cached.ts';
import { ldsSections } from '../../lab/report/lds.ts';
import { notesOf } from '../../lab/report/notes.ts';
import { namedSets, standingSections } from '../../lab/report/standing.ts';
import { writeReport } from '../../lab/report/write-report.ts';
import type { Results } from '../../lab/results.ts';
import { evaluateRecipes } from '../../lab/run/evaluate.ts';
import { readRecipe } from '../../lab/sets/parse-recipe.ts';
import { lockData } from '../mesh/data-lock.ts';
import { wholeNumber } from '../options.ts';
import { duration, Progress } from '../progress.ts';
import { interruption, withGpu } from '../resources.ts';
import { StrictCommand } from '../strict-command.ts';
import { sectionsText } from '../terminal/sections-text.ts';

interface Options {
  readonly recipe: readonly string[];
  readonly out: string;
  readonly work?: string;
  readonly methods?: readonly string[];
  readonly model?: string;
  readonly data?: string;
  readonly adapter?: string;
  readonly tuned?: string;
  readonly sentence?: string;
  readonly retrain?: true;
  readonly lds?: number;
  readonly seeds?: readonly number[];
  readonly json?: true;
}

const PLAIN_WIDTH = 120;

export function evaluateCommand(): Command {
  return new StrictCommand('evaluate')
    .description('How well does each method find the rows that taught a behaviour? From recipes to a report')
    .requiredOption('--recipe <file...>', 'recipes of evaluation sets (lab/recipes has some)')
    .option('--out <dir>', 'where results.json, results.md and results.html go', '.reptrace/lab')
    .option('--work <dir>', 'where finished steps are kept (default: work in --out)')
    .option('--methods <a,b>', 'these methods only (default: all)', names)
    .option('--model <dir|name>', 'base model, in the place of the recipes’ own')
    .option('--data <dir>', 'folder that the recipes’ data is in (default: paths are relative to a recipe)')
    .addOption(
      new Option('--adapter <dir|name>', 'a PEFT LoRA adapter in the place of training').conflicts('tuned'),
    )
    .option('--tuned <dir|name>', 'a fine-tuned model in the place of training')
    .option('--sentence <dir|name>', 'a sentence encoder, for the method of that name')
    .option(
      '--retrain',
      'train again without the rows that each of --methods blames (default: taught and bm25-both), and by lot',
    )
    .option(
      '--lds <n>',
      'train n models on random halves of the rows: do methods foretell them?',
      wholeNumber(2),
    )
    .option('--seeds <1,2>', 'seeds of training, in the place of the recipes’ own', seeds)
    .option('--json', 'print the results as one JSON object')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { out, methods, retrain, lds, json } = options;
  const work = options.work ?? join(out, 'work');
  const [model, adapter, tuned, sentence] = [
    await located(options.model),
    await located(options.adapter),
    await located(options.tuned),
    await located(options.sentence),
  ];
  const recipes = await Promise.all(
    options.recipe.map((path) => readRecipe(path, { model, data: options.data })),
  );
  const existing = adapter === undefined && tuned === undefined ? undefined : { adapter, tuned };
  const lock = await lockWork(work);
  try {
    const progress = new Progress();
    const results = await withGpu((gpu) =>
      evaluateRecipes(recipes, {
        ...{ gpu, work, methods, existing, sentence, retrain, lds, seeds: options.seeds },
        signal: interruption(),
        onProgress: (text) => {
          progress.show(text);
        },
        onStep: (set, title, { seconds, cached }) => {
          if (!cached) progress.done(`${set}: ${title}, ${duration(seconds)}`);
        },
        onWarning: (set, warning) => {
          progress.done(`${set}: ${warning}`);
        },
      }),
    );
    await writeReport(out, results);
    progress.done(`the report is in ${out}`);
    process.stdout.write(`${json === true ? JSON.stringify(results) : tableOf(results)}\n`);
  } finally {
    await lock.close();
  }
}

/** A folder, or a name in the cache. */
async function located(given: string | undefined): Promise<string | undefined> {
  return given === undefined ? undefined : localModel(given);
}

/** Of average precision, with the sets that others are ahead on, and all that is to be known of the figures; of LDS where it was asked for. */
function tableOf(results: Results): string {
  const { isTTY, columns } = process.stdout;
  const named = namedSets(results.sets);
  const [precision] = standingSections(results, named);
  const notes = results.sets.flatMap(({ recipe, seeds }) =>
    seeds.flatMap((result) => notesOf(result).map((note) => `${recipe}, seed ${result.seed}: ${note}.`)),
  );
  const section = { ...precision, sentences: [...precision.sentences, ...notes] };
  return sectionsText([section, ...ldsSections(named)], isTTY ? columns : PLAIN_WIDTH);
}

/** Throws CONFLICT when another process evaluates into this folder: two would write over each other's steps. */
async function lockWork(work: string): ReturnType<typeof lockData> {
  try {
    return await lockData(work);
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(
      error.code,
      `the work folder ${work} cannot be used: ${error.message}`,
      error.code === 'CONFLICT'
        ? 'Wait for that evaluation to end, or name another folder with --work.'
        : 'Name a folder that can be written to, and has room, with --work.',
      { cause: error },
    );
  }
}

function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (found.every((name) => name !== '')) return found;
  throw new InvalidArgumentError('expected names of methods with commas, such as taught,bm25-both');
}

function seeds(text: string): number[] {
  const found = text.split(',').map((seed) => wholeNumber(0)(seed));
  if (new Set(found).size === found.length) return found;
  throw new InvalidArgumentError('expected seeds that are not alike');
}
