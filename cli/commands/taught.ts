/** `reptrace taught`: which samples taught the model the most, before anyone has seen a bad output? */
import type { Command } from 'commander';
import { withMesh } from '../client/connect.ts';
import { MOST_TAUGHT } from '../client/documents.ts';
import { valueOf, type Member, type MostTaughtResult } from '../client/results.ts';
import { filterOptions, sampleFilter, type FilterOptions } from '../filter-options.ts';
import { dataDirOf, dataDirOption, wholeNumber, type DataDirOptions } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { taughtTable } from '../terminal/taught-table.ts';

interface Options extends FilterOptions, DataDirOptions {
  readonly index: string;
  readonly top?: number;
  readonly server?: string;
  readonly json?: true;
}

const PLAIN_WIDTH = 120;

export function taughtCommand(): Command {
  const command = new StrictCommand('taught')
    .description(
      'Which samples of an index taught the model the most? Its fine-tuning’s lessons, to look through',
    )
    .requiredOption('--index <name|id>', 'an index with a base model')
    .option('--top <k>', 'samples to show, 1 to 1000 (default: 20)', wholeNumber(-Number.MAX_SAFE_INTEGER));
  filterOptions(command).option('--server <url>', 'a mesh that is running; default: one in this process');
  return dataDirOption(command).option('--json', 'print the samples as one JSON object').action(run);
}

async function run(options: Options): Promise<void> {
  const { index, top, json, server } = options;
  const filter = sampleFilter(options);
  const { __typename, ...found } = await withMesh(
    { server, dataDir: dataDirOf(options) },
    async ({ client }) =>
      valueOf(
        (await client.ask<{ mostTaught: Member<MostTaughtResult> }>(MOST_TAUGHT, { index, top, filter }))
          .mostTaught,
      ),
  );
  const { isTTY, columns } = process.stdout;
  const text = json === true ? JSON.stringify(found) : taughtTable(found, isTTY ? columns : PLAIN_WIDTH);
  process.stdout.write(`${text}\n`);
}
