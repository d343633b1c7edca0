/** Whole meshes in this process, each with a folder of its own: with nothing beside it, or over NATS and Qdrant. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { startMesh } from '../../cli/mesh/start-mesh.ts';
import { openStore } from '../../cli/mesh/parts.ts';
import { SILENT } from '../../lib/log.ts';
import type { Settings } from '../../lib/mesh/settings.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';
import type { Servers } from './servers.ts';

export interface LocalMesh {
  readonly name: string;
  readonly client: GraphqlClient;
  /** Another handle to its store, for points that no model made. */
  openStore(): Promise<SignatureStore>;
  close(): Promise<void>;
}

export interface Place {
  /** For everything that the meshes keep, and for datasets. */
  readonly folder: string;
  /** Of the model. */
  readonly model: string;
}

/** The bus in process, SQLite and LanceDB. */
export function embeddedMesh(place: Place): Promise<LocalMesh> {
  return open('in process, LanceDB', 'embedded', place, {});
}

export function serverMesh(place: Place, { natsUrl, qdrantUrl }: Servers): Promise<LocalMesh> {
  return open('NATS, Qdrant', 'servers', place, { natsUrl, qdrantUrl });
}

async function open(
  name: string,
  part: string,
  { folder, model }: Place,
  urls: { readonly natsUrl?: string; readonly qdrantUrl?: string },
): Promise<LocalMesh> {
  const data = join(folder, part);
  await mkdir(data);
  const settings: Settings = {
    data,
    roots: [folder, resolve(model)],
    models: [],
    natsUrl: urls.natsUrl,
    qdrantUrl: urls.qdrantUrl,
    qdrantApiKey: undefined,
    token: undefined,
    gpuMemory: undefined,
    ggufWeights: 'quantized',
    tune: undefined,
  };
  const mesh = await startMesh(settings, SILENT, { host: '127.0.0.1', port: 0 });
  return {
    name,
    client: new GraphqlClient({ url: mesh.graphql }),
    openStore: () => openStore(settings),
    close: () => mesh.close(),
  };
}
