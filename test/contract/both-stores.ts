/** Both signature stores for one file of tests: a LanceDB folder and a real Qdrant server, gone when its tests have ended. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';
import { startQdrant } from '../servers/qdrant.ts';

export interface BothStores {
  /** For `describe.each`: they are there when the tests run. */
  readonly each: readonly [name: string, store: () => SignatureStore][];
  /** In a test. */
  both(): readonly SignatureStore[];
}

/** To be called once, outside of any `describe`. */
export function withBothStores(): BothStores {
  let stores: readonly SignatureStore[] = [];
  let end = (): Promise<void> => Promise.resolve();
  beforeAll(async () => {
    const server = await startQdrant();
    const folder = await mkdtemp(join(tmpdir(), 'reptrace-lance-'));
    stores = [await openLanceStore(folder), await connectQdrantStore(server.url)];
    end = async () => {
      for (const store of stores) await store.close();
      await rm(folder, { recursive: true });
      await server.stop();
    };
  });
  afterAll(() => end());
  return {
    each: [
      ['LanceDB', () => stores[0]],
      ['Qdrant', () => stores[1]],
    ],
    both: () => stores,
  };
}
