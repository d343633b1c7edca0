/** `reptrace trace`: which samples of an index, and which tokens in them, taught this output? */
import { Option, type Command } from 'commander';
import { withMesh, type MeshChoice } from '../client/connect.ts';
import { askTrace } from '../client/trace.ts';
import { filterOptions, sampleFilter, type FilterOptions } from '../filter-options.ts';
import { readMessages } from '../messages.ts';
import { dataDirOf, dataDirOption, realNumber, wholeNumber, type DataDirOptions } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { traceTable } from '../terminal/trace-table.ts';

interface Options extends FilterOptions, DataDirOptions {
  readonly index?: string;
  readonly output: string;
  readonly prompt?: string;
  readonly messages?: string;
  readonly alsoOutput: readonly string[];
  readonly top?: number;
  readonly method?: 'taught' | 'rept' | 'raw';
  readonly alpha?: number;
  readonly tokens: boolean;
  readonly exact?: true;
  readonly server?: string;
  readonly json?: true;
}

const PLAIN_WIDTH = 120;

export function traceCommand(): Command {
  const command = new StrictCommand('trace')
    .description('Which samples of an index, and which tokens in them, taught this output?')
    .option('--index <name|id>', 'may be left out when there is one index')
    .requiredOption('--output <text>', 'what the model said')
    .option(
      '--prompt <text>',
      'what it was asked; without it rept goes by the gradient alone, taught by the words and the gradient',
    )
    .option(
      '--messages <file.json>',
      'the conversation before the output: a list of {role, content}; without --prompt its last turn is the prompt',
    )
    .option('--also-output <text>', 'another output of the same incident; may be repeated', collected, [])
    .option('--top <k>', 'matches to show, 1 to 1000', wholeNumber(-Number.MAX_SAFE_INTEGER))
    .addOption(
      new Option(
        '--method <name>',
        'what ranks: the words that were taught, the paper’s signature, or the released code’s formula (default: taught where the index has a base model)',
      ).choices(['taught', 'rept', 'raw']),
    )
    .option(
      '--alpha <x>',
      'of rept, and chooses it: weight of the hidden state, 0 to 1; the rest is the gradient’s',
      realNumber(-Infinity),
    )
    .option('--no-tokens', 'do not score tokens (faster)')
    .option('--exact', 'compare with every sample, also where the store would approximate');
  filterOptions(command).option('--server <url>', 'a mesh that is running; default: one in this process');
  return dataDirOption(command).option('--json', 'print the trace as one JSON object').action(run);
}

async function run(options: Options): Promise<void> {
  const mesh: MeshChoice = { server: options.server, dataDir: dataDirOf(options) };
  const { output, prompt, index, top, alpha, tokens, exact, alsoOutput } = options;
  const context = options.messages === undefined ? undefined : await readMessages(options.messages);
  const question = {
    ...{ context, output, prompt, index, top, alpha, tokens, exact },
    method: options.method?.toUpperCase(),
    filter: sampleFilter(options),
    outputs: alsoOutput.length === 0 ? undefined : alsoOutput,
  };
  const trace = await withMesh(mesh, ({ client }) => askTrace(client, question));
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(trace)}\n`);
    return;
  }
  const { isTTY, columns } = process.stdout;
  const colours = isTTY && process.env['NO_COLOR'] === undefined;
  process.stdout.write(`${traceTable(trace, { colours, width: isTTY ? columns : PLAIN_WIDTH })}\n`);
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
