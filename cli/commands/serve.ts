/** `reptrace serve PART`: one part of the mesh as a process of its own, over NATS (and Qdrant). */
import { Argument, Command } from 'commander';
import { ReptraceError } from '../../lib/errors.ts';
import { createLog } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { Closing } from '../mesh/closing.ts';
import { PORTS, type Part } from '../mesh/ports.ts';
import { keepHeapSmall } from '../mesh/small-heap.ts';
import { dataDirOf, dataDirOption, gpuMemoryOption, wholeNumber, type DataDirOptions } from '../options.ts';
import { interruption } from '../resources.ts';
import { untilAborted } from '../until-aborted.ts';

interface Options extends DataDirOptions {
  readonly port?: number;
  readonly host: string;
  readonly gpuMemory?: number;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Run one part of the mesh as a process of its own; NATS_URL says where the others are met')
    .addArgument(new Argument('<part>').choices(Object.keys(PORTS)))
    .option('--port <n>', 'default: gateway 4000, compute 4001, index 4002, reporting 4003', wholeNumber(0))
    .option(
      '--host <address>',
      'address to listen at; beyond loopback only with REPTRACE_TOKEN',
      '127.0.0.1',
    );
  return dataDirOption(command, 'where the index keeps signatures without QDRANT_URL')
    .addOption(gpuMemoryOption())
    .action(run);
}

async function run(part: Part, options: Options): Promise<void> {
  const { port = PORTS[part], host, gpuMemory } = options;
  const signal = interruption();
  keepHeapSmall();
  const settings = readSettings(process.env, { data: dataDirOf(options), gpuMemory });
  if (settings.natsUrl === undefined) {
    throw new ReptraceError(
      'CONFIG_INVALID',
      `reptrace serve ${part} needs NATS_URL: the parts of the mesh meet there`,
      'Set NATS_URL, for example nats://127.0.0.1:4222; or run everything in one process with `reptrace up`.',
    );
  }
  const closing = new Closing();
  try {
    // Loaded when it is needed, as in `up`.
    const { servePart } = await import('../mesh/serve-part.ts');
    const url = await servePart(part, closing, settings, createLog(part), { host, port });
    const address = part === 'gateway' ? { graphql: url } : { service: part, url };
    process.stdout.write(`${JSON.stringify({ ready: true, ...address })}\n`);
    await untilAborted(signal);
  } finally {
    await closing.close();
  }
}
