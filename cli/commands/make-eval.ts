/** `reptrace make-eval`: an evaluation set from a recipe and clean data: rows with their labels, and questions that are in no row. */
import type { Command } from 'commander';
import { readClean } from '../../lab/sets/clean.ts';
import { makeSet } from '../../lab/sets/make-set.ts';
import { readRecipe } from '../../lab/sets/parse-recipe.ts';
import { readManifest, readSet, writeSet } from '../../lab/sets/set-folder.ts';
import { StrictCommand } from '../strict-command.ts';
import { setLines } from '../terminal/set-lines.ts';

interface Options {
  readonly recipe: string;
  readonly out: string;
  readonly json?: true;
}

const PLAIN_WIDTH = 120;

export function makeEvalCommand(): Command {
  return new StrictCommand('make-eval')
    .description('Make an evaluation set with known poison from clean data and a recipe')
    .requiredOption('--recipe <file.json>', 'what is planted, and in which data (lab/recipes has some)')
    .requiredOption('--out <dir>', 'where rows.jsonl, queries.jsonl and set.json go')
    .option('--json', 'print the manifest as one JSON object')
    .action(run);
}

async function run({ recipe: path, out, json }: Options): Promise<void> {
  const recipe = await readRecipe(path);
  await writeSet(out, recipe, makeSet(recipe, await readClean(recipe.clean.file)));
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
