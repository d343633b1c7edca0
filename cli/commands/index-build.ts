/** `reptrace index build`: signs a dataset's samples, or those that came since, and shows how it goes. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { withMesh, type ConnectedMesh } from '../client/connect.ts';
import { BUILD_INDEX, CANCEL_INDEX, INDEX, PLAN_INDEX } from '../client/documents.ts';
import { followBuild } from '../client/follow.ts';
import type { GraphqlClient } from '../client/graphql-client.ts';
import {
  valueOf,
  type IndexResult,
  type Member,
  type PlanResult,
  type ProgressResult,
} from '../client/results.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { exists } from '../../lib/hub/cached.ts';
import { nameInPlaceOfPath, type RepoKind } from '../../lib/hub/hub-name.ts';
import { gpuMemoryOption, wholeNumber } from '../options.ts';
import { Progress } from '../progress.ts';
import { interruption } from '../resources.ts';
import { StrictCommand } from '../strict-command.ts';
import { indexSummary, progressLine } from '../terminal/index-lines.ts';
import { planTable } from '../terminal/plan-table.ts';

interface Options {
  readonly name: string;
  readonly model: string;
  readonly adapter?: string;
  /** False of --no-base; undefined where neither it nor --base was given. */
  readonly base?: string | false;
  readonly data: string;
  readonly layers: string;
  readonly maxTokens?: number;
  readonly onBadRow: 'skip' | 'stop';
  readonly promptColumn?: string;
  readonly responseColumn?: string;
  readonly messagesColumn?: string;
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly turns?: 'last' | 'all';
  readonly textWindow?: number;
  readonly dryRun?: true;
  readonly detach?: true;
  readonly server?: string;
  readonly dataDir?: string;
  readonly gpuMemory?: number;
  readonly json?: true;
}

export function indexBuildCommand(): Command {
  return new StrictCommand('build')
    .description('Index a dataset, or bring an index up to date with rows appended to its dataset')
    .requiredOption('--name <name>', 'name of the index')
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--adapter <dir|name>', 'PEFT LoRA adapter: folder, or name in the Hugging Face cache')
    .option(
      '--base <dir|file.gguf|name>',
      'the model before the fine-tuning, to know what that taught (default: the model without its adapter)',
    )
    .option('--no-base', 'no base model: half the forward passes, and no verdicts')
    .requiredOption(
      '--data <file|dir|name>',
      'the dataset: JSONL, CSV, TSV (or .gz, .zst), Parquet, Arrow, a folder of them, or datasets/org/name in the Hugging Face cache',
    )
    .option('--layers <layers>', 'auto, or numbers such as 3,5', 'auto')
    .option('--max-tokens <n>', 'longer samples lose the tail of their response', wholeNumber(2))
    .addOption(
      new Option('--on-bad-row <what>', 'rows that cannot be read').choices(['skip', 'stop']).default('skip'),
    )
    .option('--prompt-column <name>', 'where guessing is not wanted; goes with --response-column')
    .option('--response-column <name>', 'where guessing is not wanted; goes with --prompt-column')
    .option('--messages-column <name>', 'of chat turns, where guessing is not wanted')
    .option('--text-column <name>', 'of plain text, where guessing is not wanted')
    .option('--label-column <name>', 'where guessing is not wanted')
    .addOption(
      new Option(
        '--turns <which>',
        'of a chat: the assistant turns that are samples (default: last)',
      ).choices(['last', 'all']),
    )
    .option(
      '--text-window <n>',
      'plain text is cut into windows of at most so many characters, 64 to 65536 (default: 1024)',
      wholeNumber(1),
    )
    .option(
      '--dry-run',
      'build nothing: print what the build would do, and the memory, time and disk it takes',
    )
    .option('--detach', 'with a running mesh: do not wait for the end')
    .option('--server <url>', 'a mesh that is running; default: one in this process')
    .option('--data-dir <dir>', 'where everything is kept (default: REPTRACE_DATA, else .reptrace)')
    .addOption(gpuMemoryOption())
    .option('--json', 'print the index, or what --dry-run found, as one JSON object')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const signal = interruption();
  const choice = { server: options.server, dataDir: options.dataDir, gpuMemory: options.gpuMemory };
  await withMesh(choice, async (mesh) => {
    if (options.dryRun === true) {
      const plan = await unlessTakenUp(mesh, options, () => planBuild(mesh.client, options));
      process.stdout.write(
        `${options.json === true ? JSON.stringify(plan) : planTable(plan, baseText(options))}\n`,
      );
      return;
    }
    const started = await unlessTakenUp(mesh, options, () => startBuild(mesh.client, options));
    process.stderr.write(`${started.plan?.summary ?? 'build started'}\n`);
    if (options.detach === true && !mesh.embedded) printIndex(started, options.json);
    else await followAndPrint(mesh, started, options.json, signal);
  });
}

/**
 * An embedded mesh takes up by itself what an earlier command that was killed left unfinished. That is what this command would
 * go on with too: it is stopped, so that settings are compared and rows counted as for any other build.
 */
async function unlessTakenUp<T>(
  { client, alone }: ConnectedMesh,
  { name }: Options,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!alone || !(error instanceof ReptraceError) || error.code !== 'INDEX_BUSY') throw error;
    await cancelBuild(client, name);
    return ask();
  }
}

async function startBuild(client: GraphqlClient, options: Options): Promise<IndexResult> {
  const input = await inputOf(options);
  return valueOf((await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input })).buildIndex);
}

/** What it would do, and what that takes; nothing is built. */
async function planBuild(client: GraphqlClient, options: Options): Promise<PlanResult> {
  const input = await inputOf(options);
  const answer = await client.ask<{ planIndex: Member<PlanResult> }>(PLAN_INDEX, { input });
  const { __typename, ...plan } = valueOf(answer.planIndex);
  return plan;
}

/** As it was asked for: a plan opens the models, and does not name them. */
function baseText({ base, adapter }: Options): string {
  if (typeof base === 'string') return base;
  return base === false || adapter === undefined ? 'none: no verdicts' : 'the model without its adapter';
}

export async function cancelBuild(client: GraphqlClient, index: string): Promise<IndexResult> {
  return valueOf(
    (await client.ask<{ cancelIndex: Member<IndexResult> }>(CANCEL_INDEX, { index })).cancelIndex,
  );
}

/** Shows progress until the build ends, prints the index; a build that did not complete is a failure. */
export async function followAndPrint(
  mesh: ConnectedMesh,
  { id, name }: IndexResult,
  json: true | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { client } = mesh;
  const progress = new Progress();
  const show = (event: ProgressResult): void => {
    progress.show(progressLine(event));
  };
  const last = await followBuild(client, id, show, signal).catch(async (error: unknown) => {
    throw signal.aborted ? await interrupted(mesh, id, name) : error;
  });
  progress.done(progressLine(last));
  const { index } = await client.ask<{ index: IndexResult | null }>(INDEX, { index: id });
  if (index === null)
    throw new ReptraceError('INDEX_NOT_FOUND', `the index ${id} is gone`, 'Build it again.');
  printIndex(index, json);
  if (last.state !== 'COMPLETED') process.exitCode = 1;
}

/** A build that ends with this process is stopped, so that lists do not show it as running; others go on without us. */
async function interrupted(
  { client, alone }: ConnectedMesh,
  id: string,
  name: string,
): Promise<ReptraceError> {
  if (alone) {
    await cancelBuild(client, id);
    return new ReptraceError(
      'CANCELLED',
      'interrupted; what is indexed so far is kept',
      'The same command, or `reptrace index resume`, goes on from there.',
    );
  }
  return new ReptraceError(
    'CANCELLED',
    `interrupted; the mesh goes on with the build of ${JSON.stringify(name)}`,
    'See how it stands with `reptrace index resume`, or stop it with `reptrace index cancel`.',
  );
}

export function printIndex(index: IndexResult, json: true | undefined): void {
  process.stdout.write(`${json === true ? JSON.stringify(index) : indexSummary(index)}\n`);
}

async function inputOf(options: Options): Promise<Record<string, unknown>> {
  const { name, model, adapter, base, data, layers, maxTokens, onBadRow, turns, textWindow } = options;
  const columns = {
    prompt: options.promptColumn,
    response: options.responseColumn,
    messages: options.messagesColumn,
    text: options.textColumn,
    label: options.labelColumn,
  };
  return {
    ...{ name, layers, maxTokens, onBadRow: onBadRow.toUpperCase() },
    ...{ turns: turns?.toUpperCase(), textWindow },
    // The mesh may have been started in another folder.
    ...{
      model: await pathOrName(model, 'model'),
      adapter: adapter === undefined ? undefined : await pathOrName(adapter, 'model'),
      base: typeof base === 'string' ? await pathOrName(base, 'model') : undefined,
      dataset: await pathOrName(data, 'dataset'),
    },
    withoutBase: base === false ? true : undefined,
    columns: Object.values(columns).every((column) => column === undefined) ? undefined : columns,
  };
}

/** A name in the Hugging Face cache stays one: the mesh looks it up on its own machine. */
async function pathOrName(given: string, kind: RepoKind): Promise<string> {
  const isName = nameInPlaceOfPath(given, kind) !== undefined && !(await exists(given));
  return isName ? given : resolve(given);
}
