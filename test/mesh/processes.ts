/** Parts of the mesh as processes of their own, as users start them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { ROOT } from '../e2e/command.ts';

export interface Part {
  /** What it printed when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly process: ChildProcess;
  /** Its log so far, for messages of failed tests. */
  log(): string;
  /** SIGTERM; gives the seconds that it took to end, and its exit code. */
  stop(): Promise<{ readonly seconds: number; readonly code: number | null }>;
  kill(): Promise<void>;
}

const READY_MS = 60_000;
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

/** Starts `reptrace …args` and waits for its ready line; throws with its log when it ends before. */
export async function startPart(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Part> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      resolve(code);
    });
  });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`reptrace ${args.join(' ')} was not ready in time: ${log}`));
    }, READY_MS);
    lines.once('line', (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line) as Record<string, unknown>);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`reptrace ${args.join(' ')} ended with ${code}: ${log}`));
    });
  });
  return {
    ready,
    process: child,
    log: () => log,
    stop: async () => {
      const started = performance.now();
      child.kill('SIGTERM');
      const code = await ended;
      return { seconds: (performance.now() - started) / 1000, code };
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Stops whatever was started, also when some of it is gone already. */
export async function stopAll(parts: readonly (Part | undefined)[]): Promise<void> {
  for (const part of parts) {
    if (part?.process.exitCode === null && part.process.signalCode === null) await part.kill();
  }
}
