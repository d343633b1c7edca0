/** A real NATS and a real Qdrant, as the tests start them: of .cache/servers, on free ports, with folders of their own. */
import { symlink } from 'node:fs/promises';
import { resolve } from 'node:path';

export interface Servers {
  readonly natsUrl: string;
  readonly qdrantUrl: string;
  /** Ends them and removes their data. */
  close(): Promise<void>;
}

/** Fetches the programs where they are not there yet. */
export async function startServers(): Promise<Servers> {
  await linkScripts();
  const { testServersStep } = (await import(resolve('scripts/setup/test-servers.mjs'))) as SetupModule;
  testServersStep((line) => process.stderr.write(`bench: ${line}\n`));
  const { startNats } = await import('../../test/servers/nats.ts');
  const { startQdrant } = await import('../../test/servers/qdrant.ts');
  const nats = await startNats();
  try {
    const qdrant = await startQdrant();
    return {
      natsUrl: nats.url,
      qdrantUrl: qdrant.url,
      close: async () => {
        await Promise.all([nats.stop(), qdrant.stop()]);
      },
    };
  } catch (error) {
    await nats.stop();
    throw error;
  }
}

interface SetupModule {
  readonly testServersStep: (say: (line: string) => void) => string;
}

/** What test/servers imports from scripts/ is JavaScript, which the compiler does not carry over to dist/. */
async function linkScripts(): Promise<void> {
  try {
    await symlink(resolve('scripts'), resolve('dist/scripts'), 'junction');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
