/** `reptrace up`: the whole mesh in one process, until it is told to end. */
import { Command } from 'commander';
import { createLog } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { keepHeapSmall } from '../mesh/small-heap.ts';
import { dataDirOf, dataDirOption, gpuMemoryOption, wholeNumber, type DataDirOptions } from '../options.ts';
import { interruption } from '../resources.ts';
import { untilAborted } from '../until-aborted.ts';

interface Options extends DataDirOptions {
  readonly port: number;
  readonly host: string;
  readonly gpuMemory?: number;
  readonly json?: true;
}

export function upCommand(): Command {
  const command = new Command('up')
    .description('Run the whole mesh in this process; GraphQL at http://127.0.0.1:4000/graphql')
    .option('--port <n>', 'port of the gateway; 0 is any that is free', wholeNumber(0), 4000)
    .option(
      '--host <address>',
      'address to listen at; beyond loopback only with REPTRACE_TOKEN',
      '127.0.0.1',
    );
  return dataDirOption(command)
    .addOption(gpuMemoryOption())
    .option('--json', 'print what is ready as JSON (the only format, and the default)')
    .action(run);
}

async function run({ port, host, gpuMemory, ...options }: Options): Promise<void> {
  const signal = interruption();
  keepHeapSmall();
  // Loaded when it is needed: the services bring much with them, and other commands should start at once.
  const { startMesh } = await import('../mesh/start-mesh.ts');
  const settings = readSettings(process.env, { data: dataDirOf(options), gpuMemory });
  const mesh = await startMesh(settings, createLog('reptrace'), { host, port });
  process.stdout.write(`${JSON.stringify({ ready: true, graphql: mesh.graphql })}\n`);
  await untilAborted(signal);
  await mesh.close();
}
