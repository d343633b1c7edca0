/** Memory of a process with a whole mesh in it, `reptrace up`, over a long run: it must not grow with the rows. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { timeBuild } from './build.ts';
import { LAYER, type BenchModel } from './model.ts';
import { markAt, readResident, type Mark, type Reading } from './resident.ts';
import { shortRows, writeRows } from './rows.ts';

export interface MemorySettings {
  readonly rows: number;
  readonly maxTokens: number;
}

export interface MemoryUse {
  readonly rows: number;
  readonly seconds: number;
  readonly marks: readonly Mark[];
  /** The last mark over the first, less 1. */
  readonly growth: number;
  /** Largest single reading after the first mark, MiB. */
  readonly largest: number;
  /** Of the C library's allocator, where the environment has any. */
  readonly allocator: Readonly<Record<string, string>>;
  readonly readings: readonly Reading[];
}

const SHARES = [0.1, 0.5, 1] as const;
/** So that a prompt leaves room for a response in few tokens. */
const PROMPT_CHARACTERS = 16;
const READ_MS = 250;
const READY_MS = 60_000;
const ALLOCATOR = /^(MALLOC_|GLIBC_TUNABLES$|LD_PRELOAD$|NODE_OPTIONS$)/;

/** Only where there is /proc. */
export async function measureMemory(
  { model, folder }: { readonly model: BenchModel; readonly folder: string },
  { rows, maxTokens }: MemorySettings,
): Promise<MemoryUse> {
  const dataset = join(folder, 'rows.jsonl');
  await writeRows(dataset, await shortRows(rows, PROMPT_CHARACTERS));
  const { child, url } = await startUp(folder, model.path);
  try {
    const { pid } = child;
    if (pid === undefined) throw new Error('reptrace up has no process id');
    const readings: Reading[] = [];
    let share = 0;
    const read = async (): Promise<void> => {
      const seconds = (performance.now() - begun) / 1000;
      readings.push({ seconds, share, ...(await readResident(pid)) });
    };
    const stopped = new AbortController();
    const begun = performance.now();
    const reading = readEvery(read, stopped.signal);
    // Whichever fails, the other is not left behind.
    const input = { name: 'memory', model: resolve(model.path), dataset, layers: String(LAYER), maxTokens };
    const build = timeBuild(new GraphqlClient({ url }), input, ({ done, total }) => {
      share = total === 0 ? 0 : done / total;
    }).finally(() => {
      stopped.abort();
    });
    const [{ whole }] = await Promise.all([build, reading]);
    await read();
    return { rows, seconds: whole, readings, ...summary(readings), allocator: allocatorSettings() };
  } finally {
    await end(child);
  }
}

function summary(readings: readonly Reading[]): Pick<MemoryUse, 'marks' | 'growth' | 'largest'> {
  const marks = SHARES.map((share) => markAt(readings, share));
  const after = readings.filter(({ share }) => share >= SHARES[0]);
  return {
    marks,
    growth: marks[2].all / marks[0].all - 1,
    largest: Math.max(...after.map(({ all }) => all)),
  };
}

async function readEvery(read: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await read();
    await sleep(READ_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** `reptrace up` on a free port, ready. Its log goes to this process's own. */
async function startUp(folder: string, model: string): Promise<{ child: ChildProcess; url: string }> {
  const args = [resolve('dist/cli/main.js'), 'up', '--port', '0', '--data', join(folder, 'data')];
  const env = {
    ...process.env,
    REPTRACE_ROOTS: [folder, resolve(model)].join(process.platform === 'win32' ? ';' : ':'),
    REPTRACE_LOG: 'warn',
    // A mesh of the user's own is none of this benchmark's.
    ...{ NATS_URL: '', QDRANT_URL: '', REPTRACE_TOKEN: '' },
  };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const line = once(createInterface({ input: child.stdout }), 'line', {
      signal: AbortSignal.timeout(READY_MS),
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`reptrace up ended with ${String(code)}`);
    });
    const [ready] = (await Promise.race([line, ended])) as [string];
    ended.catch(() => undefined);
    return { child, url: (JSON.parse(ready) as { graphql: string }).graphql };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function allocatorSettings(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      ALLOCATOR.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}
