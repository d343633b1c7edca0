/** The mesh that a command talks to: the one it names, the one that has its data folder, or one started for it alone. */
import { randomBytes } from 'node:crypto';
import { parse } from 'node:path';
import { ReptraceError } from '../../lib/errors.ts';
import { createLog } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { runningMesh } from '../mesh/data-lock.ts';
import { GraphqlClient } from './graphql-client.ts';

export interface MeshChoice {
  /** A mesh that is running. */
  readonly server?: string | undefined;
  /** Data folder of an embedded one. */
  readonly dataDir?: string | undefined;
  /** Bytes of the GPU that models of an embedded one may use. */
  readonly gpuMemory?: number | undefined;
}

export interface ConnectedMesh {
  readonly client: GraphqlClient;
  /** The mesh lives in this process, and ends with it. */
  readonly embedded: boolean;
  /** Nobody but this command can be building an index in it: embedded, and on nothing that is shared. */
  readonly alone: boolean;
}

/** Runs `use`, and ends the mesh after it when it was started for it. */
export async function withMesh<T>(choice: MeshChoice, use: (mesh: ConnectedMesh) => Promise<T>): Promise<T> {
  const settings = readSettings(process.env, {
    data: choice.dataDir,
    gpuMemory: choice.gpuMemory,
  });
  if (choice.server !== undefined) {
    refuseGpuMemory(choice);
    const connection = { url: graphqlUrl(choice.server), token: settings.token };
    return use({ client: new GraphqlClient(connection), embedded: false, alone: false });
  }
  const running = await runningMesh(settings.data);
  if (running?.graphql !== undefined) {
    refuseGpuMemory(choice);
    const connection = { url: running.graphql, token: running.token ?? settings.token };
    return use({ client: new GraphqlClient(connection), embedded: false, alone: false });
  }
  // Others on this machine can reach the port, so it asks for what only this user can know.
  const token = settings.token ?? randomBytes(24).toString('base64url');
  // Its only client is whoever runs this command, and may name whatever that user may read.
  const limited = (process.env['REPTRACE_ROOTS'] ?? '') !== '';
  const roots = limited ? settings.roots : [parse(settings.data).root];
  // Loaded when it is needed: the services bring much with them, and other commands should start at once.
  const { startMesh } = await import('../mesh/start-mesh.ts');
  const mesh = await startMesh({ ...settings, token, roots }, createLog('reptrace', logLevel()), {
    ...{ host: '127.0.0.1', port: 0, announceToken: true },
    onNotice: (text) => {
      process.stderr.write(`${text}\n`);
    },
  });
  try {
    const client = new GraphqlClient({ url: mesh.graphql, token });
    return await use({ client, embedded: true, alone: settings.natsUrl === undefined });
  } finally {
    await mesh.close();
  }
}

/** The workers of a mesh that is running were told when they were started. */
function refuseGpuMemory({ gpuMemory }: MeshChoice): void {
  if (gpuMemory === undefined) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    '--gpu-memory is for a mesh that this command starts, and one is running',
    'Stop that mesh, or start its compute services with --gpu-memory or REPTRACE_GPU_MEMORY.',
  );
}

/** A command's own messages say what happens; the services' log would only be in between. */
function logLevel(): string {
  return process.env['REPTRACE_LOG'] ?? 'silent';
}

/** `http://host:4000` and `http://host:4000/graphql` are the same. Throws INPUT_INVALID. */
export function graphqlUrl(server: string): string {
  const whole = server.includes('://') ? server : `http://${server}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new ReptraceError(
      'INPUT_INVALID',
      `the server ${JSON.stringify(server.slice(0, 200))} is not an address of http:// or https://`,
      'Give the address that `reptrace up` printed, such as http://127.0.0.1:4000.',
    );
  }
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}
