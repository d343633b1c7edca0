/** `reptrace pull`: fetches a model or dataset from a Hugging Face hub into the cache that all its programs share. */
import { Command } from 'commander';
import { ReptraceError } from '../../lib/errors.ts';
import { hubCacheFolder } from '../../lib/hub/cache-layout.ts';
import { parseHubName, writtenName, type HubName } from '../../lib/hub/hub-name.ts';
import { Progress } from '../progress.ts';
import { interruption } from '../resources.ts';
import { byteCount, transferLine } from '../terminal/bytes.ts';

interface Options {
  readonly dataset?: true;
  readonly include?: readonly string[];
  readonly cache?: string;
  readonly json?: true;
}

export function pullCommand(): Command {
  return new Command('pull')
    .description('Fetch a model or dataset from a Hugging Face hub (HF_ENDPOINT, HF_TOKEN) into its cache')
    .argument('<name[@revision]>', 'org/name of a model or adapter, or datasets/org/name')
    .option('--dataset', 'the name is one of a dataset')
    .option(
      '--include <pattern>',
      'files to fetch in place of a model’s weights, or of all data files; may be given several times',
      (pattern: string, before: readonly string[] | undefined) => [...(before ?? []), pattern],
    )
    .option(
      '--cache <dir>',
      'the cache (default: HF_HUB_CACHE, else hub in HF_HOME, else ~/.cache/huggingface/hub)',
    )
    .option('--json', 'print one JSON object: {name, path, commit, files, bytes, fetched}')
    .addHelpText(
      'after',
      '\nModels and datasets that are in the cache are then named as they are here: --model org/name, --data datasets/org/name.',
    )
    .action(run);
}

async function run(text: string, options: Options): Promise<void> {
  const name = requireName(text, options.dataset === true);
  const signal = interruption();
  // Loaded when they are needed: the hub's library brings much with it, and other commands should start at once.
  const [{ pull }, { readHubSettings }] = await Promise.all([
    import('../../lib/hub/pull/pull.ts'),
    import('../../lib/hub/pull/hub-settings.ts'),
  ]);
  const progress = new Progress();
  const started = performance.now();
  const cache = options.cache ?? hubCacheFolder();
  const pulled = await pull(name, {
    ...(await readHubSettings(process.env)),
    ...{ cache, include: options.include ?? [], signal },
    onProgress: ({ done, total, fetched }) => {
      progress.show(transferLine('fetched', done, total, fetched / ((performance.now() - started) / 1000)));
    },
  });
  const { path, commit, files, bytes, fetched } = pulled;
  const how = fetched === 0 ? 'all were there' : `${byteCount(fetched)} fetched`;
  progress.done(
    `${writtenName(name)}: ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${byteCount(bytes)}, ${how}`,
  );
  const result = { name: writtenName(name), path, commit, files, bytes, fetched };
  process.stdout.write(`${options.json === true ? JSON.stringify(result) : path}\n`);
}

function requireName(text: string, isDataset: boolean): HubName {
  const name = parseHubName(text, isDataset ? 'dataset' : 'model');
  if (name !== undefined) return name;
  throw new ReptraceError(
    'INPUT_INVALID',
    `${JSON.stringify(text.slice(0, 200))} is no name of a model or dataset`,
    'Write it as org/name, or org/name@revision (a branch’s slash as %2F); a dataset as datasets/org/name, or with --dataset.',
  );
}
