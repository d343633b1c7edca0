/** What a process of the mesh stands on, by its settings: NATS and Qdrant where their URLs are set, else this process and a folder. */
import { join } from 'node:path';
import type { Bus } from '../../lib/bus/bus.ts';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import { connectNatsBus } from '../../lib/bus/nats-bus.ts';
import type { Settings } from '../../lib/mesh/settings.ts';
import { connectNatsRecords } from '../../lib/records/nats-records.ts';
import type { Records } from '../../lib/records/records.ts';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';

export function openBus({ natsUrl }: Settings): Promise<Bus> {
  return natsUrl === undefined ? Promise.resolve(new MemoryBus()) : connectNatsBus(natsUrl);
}

export function openRecords({ natsUrl, data }: Settings): Promise<Records> {
  return natsUrl === undefined
    ? openSqliteRecords(join(data, 'records.sqlite'))
    : connectNatsRecords(natsUrl);
}

export function openStore({ qdrantUrl, qdrantApiKey, data }: Settings): Promise<SignatureStore> {
  return qdrantUrl === undefined
    ? openLanceStore(join(data, 'signatures'))
    : connectQdrantStore(qdrantUrl, qdrantApiKey === undefined ? {} : { apiKey: qdrantApiKey });
}
