/** The mesh that a command talks to: the one it names, the one that has its data folder, or one started for it alone. */
import { randomBytes } from 'node:crypto';
import { parse } from 'node:path';
import { createLog } from '../../lib/log.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { runningMesh } from '../mesh/data-lock.ts';
import { GraphqlClient } from './graphql-client.ts';

export interface MeshChoice {
  /** A mesh that is running. */
  readonly server?: string | undefined;
  /** Data folder of an embedded one. */
  readonly dataDir?: string | undefined;
}

export interface ConnectedMesh {
  readonly client: GraphqlClient;
  /** The mesh lives in this process, and ends with it. */
  readonly embedded: boolean;
}

/** Runs `use`, and ends the mesh after it when it was started for it. */
export async function withMesh<T>(choice: MeshChoice, use: (mesh: ConnectedMesh) => Promise<T>): Promise<T> {
  const settings = readSettings(process.env, { data: choice.dataDir });
  if (choice.server !== undefined) {
    const connection = { url: graphqlUrl(choice.server), token: settings.token };
    return use({ client: new GraphqlClient(connection), embedded: false });
  }
  const running = await runningMesh(settings.data);
  if (running?.graphql !== undefined) {
    const connection = { url: running.graphql, token: running.token ?? settings.token };
    return use({ client: new GraphqlClient(connection), embedded: false });
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
  });
  try {
    return await use({ client: new GraphqlClient({ url: mesh.graphql, token }), embedded: true });
  } finally {
    await mesh.close();
  }
}

/** A command's own messages say what happens; the services' log would only be in between. */
function logLevel(): string {
  return process.env['REPTRACE_LOG'] ?? 'silent';
}

/** `http://host:4000` and `http://host:4000/graphql` are the same. */
export function graphqlUrl(server: string): string {
  const url = new URL(server.includes('://') ? server : `http://${server}`);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}
