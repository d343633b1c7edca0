/** `reptrace make-eval`: an evaluation set from a recipe and clean data: rows with their labels, and questions that are in no row. */
import type { Command } from 'commander';
import { readData } from '../../lab/sets/data.ts';
import { makeSet } from '../../lab/sets/make-set.ts';
import { readRecipe } from '../../lab/sets/parse-recipe.ts';
import { readManifest, readSet, writeSet } from '../../lab/sets/set-folder.ts';
import { StrictCommand } from '../strict-command.ts';
import { setLines } from '../terminal/set-lines.ts';

interface Options {
  readonly recipe: string;
  readonly out: string;
  readonly data?: string;
  readonly json?: true;
}

const PLAIN_WIDTH = 120;

export function makeEvalCommand(): Command {
  return new StrictCommand('make-eval')
    .description('Make an evaluation set with known poison from clean data and a recipe')
    .requiredOption('--recipe <file.json>', 'what is planted, and in which data (lab/recipes has some)')
    .requiredOption('--out <dir>', 'where rows.jsonl, queries.jsonl and set.json go')
    .option('--data <dir>', 'folder that the recipe’s data is in (default: paths are relative to the recipe)')
    .option('--json', 'print the manifest as one JSON object')
    .action(run);
}

async function run({ recipe: path, out, data, json }: Options): Promise<void> {
  const recipe = await readRecipe(path, { data });
  const { clean, given } = await readData(recipe);
  await writeSet(out, recipe, makeSet(recipe, clean, given));
  // Told is what is on the disk.
  const manifest = await readManifest(out);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ out, ...manifest })}\n`);
    return;
  }
  const { isTTY, columns } = process.stdout;
  const text = setLines(manifest, await readSet(out), isTTY ? columns : PLAIN_WIDTH);
  process.stdout.write(`${text}\n`);
  process.stderr.write(`the set is in ${out}\n`);
}
