/** `reptrace index …`: build, list, show, delete, cancel, resume, erase. */
import { Command } from 'commander';
import { ReptraceError } from '../../lib/errors.ts';
import { withMesh, type ConnectedMesh } from '../client/connect.ts';
import { DELETE_INDEX, ERASE_SAMPLES, INDEX, INDEXES, RESUME_INDEX } from '../client/documents.ts';
import { valueOf, type IndexResult, type Member } from '../client/results.ts';
import { filterOptions, sampleFilter, type FilterOptions } from '../filter-options.ts';
import { dataDirOf, dataDirOption, type DataDirOptions } from '../options.ts';
import { interruption } from '../resources.ts';
import { counted } from '../terminal/counted.ts';
import { indexSummary } from '../terminal/index-lines.ts';
import { safeText } from '../terminal/safe-text.ts';
import { cancelBuild, followAndPrint, indexBuildCommand, printIndex } from './index-build.ts';

interface Options extends DataDirOptions {
  readonly server?: string;
  readonly json?: true;
}

export function indexCommand(): Command {
  return new Command('index')
    .description('Build and look after indexes of training samples')
    .addCommand(indexBuildCommand())
    .addCommand(client('list', 'All indexes, newest first').action(list))
    .addCommand(client('show', 'One index').argument('<name|id>').action(show))
    .addCommand(client('cancel', 'Stop a build; what is stored stays').argument('<name|id>').action(cancel))
    .addCommand(client('resume', 'Go on with a stopped build').argument('<name|id>').action(resume))
    .addCommand(client('delete', 'Remove an index for good').argument('<name|id>').action(remove))
    .addCommand(
      filterOptions(client('erase', 'Remove samples from an index for good').argument('<name|id>')).action(
        erase,
      ),
    );
}

function client(name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .option('--server <url>', 'a mesh that is running; default: one in this process');
  return dataDirOption(command).option('--json', 'print JSON');
}

function connected<T>(options: Options, use: (mesh: ConnectedMesh) => Promise<T>): Promise<T> {
  return withMesh({ server: options.server, dataDir: dataDirOf(options) }, use);
}

async function list(options: Options): Promise<void> {
  await connected(options, async (mesh) => {
    const indexes =
      (await mesh.client.ask<{ indexes: readonly IndexResult[] | null }>(INDEXES)).indexes ?? [];
    const text = options.json === true ? JSON.stringify(indexes) : indexes.map(indexSummary).join('\n');
    process.stdout.write(
      text === '' ? 'no indexes yet: make one with `reptrace index build`\n' : `${text}\n`,
    );
  });
}

async function show(index: string, options: Options): Promise<void> {
  await connected(options, async (mesh) => {
    printIndex(await found(mesh, index), options.json);
  });
}

async function cancel(index: string, options: Options): Promise<void> {
  await connected(options, async (mesh) => {
    const { id } = await found(mesh, index);
    printIndex(await cancelBuild(mesh.client, id), options.json);
  });
}

async function resume(index: string, options: Options): Promise<void> {
  const signal = interruption();
  await connected(options, async (mesh) => {
    const before = await found(mesh, index);
    // Taken up already, by this process's mesh or another one: there is nothing to start, only to watch.
    const isWorking = before.state === 'QUEUED' || before.state === 'RUNNING';
    const resumed = isWorking ? before : await resumeBuild(mesh, before.id);
    process.stderr.write(`${resumed.plan?.summary ?? 'build resumed'}\n`);
    await followAndPrint(mesh, resumed, options.json, signal);
  });
}

async function resumeBuild({ client: graphql }: ConnectedMesh, index: string): Promise<IndexResult> {
  const answer = await graphql.ask<{ resumeIndex: Member<IndexResult> }>(RESUME_INDEX, { index });
  return valueOf(answer.resumeIndex);
}

async function remove(index: string, options: Options): Promise<void> {
  await connected(options, async (mesh) => {
    const { id } = await found(mesh, index);
    const answer = await mesh.client.ask<{ deleteIndex: Member<{ id: string; name: string }> }>(
      DELETE_INDEX,
      {
        index: id,
      },
    );
    const { __typename, ...deleted } = valueOf(answer.deleteIndex);
    process.stdout.write(
      options.json === true ? `${JSON.stringify(deleted)}\n` : `deleted ${safeText(deleted.name)}\n`,
    );
  });
}

async function erase(index: string, options: Options & FilterOptions): Promise<void> {
  const filter = sampleFilter(options);
  if (filter === undefined) {
    throw new ReptraceError(
      'INPUT_INVALID',
      'nothing says which samples to erase',
      'Name them with --rows, --label, --not-label or --where; `reptrace index delete` removes a whole index.',
    );
  }
  await connected(options, async (mesh) => {
    const { id } = await found(mesh, index);
    const answer = await mesh.client.ask<{ eraseSamples: Member<{ erased: number; index: IndexResult }> }>(
      ERASE_SAMPLES,
      { index: id, filter },
    );
    const { erased, index: left } = valueOf(answer.eraseSamples);
    if (options.json === true) process.stdout.write(`${JSON.stringify({ erased, index: left })}\n`);
    else {
      const are = left.samples === 1 ? 'is' : 'are';
      process.stdout.write(`erased ${counted(erased, 'sample')}; ${left.samples} ${are} left\n`);
    }
  });
}

async function found({ client: graphql }: ConnectedMesh, index: string): Promise<IndexResult> {
  const answer = await graphql.ask<{ index: IndexResult | null }>(INDEX, { index });
  if (answer.index !== null) return answer.index;
  throw new ReptraceError(
    'INDEX_NOT_FOUND',
    `there is no index ${JSON.stringify(index.slice(0, 100))}`,
    '`reptrace index list` shows those that are there.',
  );
}
