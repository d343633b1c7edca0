/** Builds that are stopped on their way, as a user stops them: what is kept, what is said, and how they go on. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexResult } from '../../cli/client/results.ts';
import { writeRows } from '../mesh/backdoor.ts';
import { startPart, stopAll, type Part } from '../mesh/processes.ts';
import { sharedPath } from '../shared.ts';
import { reptrace, ROOT, type Outcome } from './command.ts';

const MODEL = sharedPath('models/stories260K/hf');
const ROWS = 1200;
/** From the first sign of progress to the signal: in the middle of a build, on a fast machine and on a slow one. */
const SIGNAL_MS = 1500;

let folder: string;
let dataset: string;
let mesh: Part | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-interrupted-'));
  dataset = join(folder, 'rows.jsonl');
  const sentence = 'Once upon a time there was a little girl who had a red ball.';
  await writeRows(
    dataset,
    Array.from({ length: ROWS }, (_, i) => ({ prompt: `What was there, ${i}?`, response: sentence })),
  );
});
afterAll(async () => {
  await stopAll([mesh]);
  await rm(folder, { recursive: true, force: true });
});

/** Where the index is: a data folder of its own, or a mesh. */
const at = (place: string): { readonly build: string[]; readonly other: string[] } =>
  place.startsWith('http')
    ? { build: ['--server', place], other: ['--server', place] }
    : { build: ['--data-dir', join(folder, place)], other: ['--data', join(folder, place)] };

const build = (name: string, place: string, ...more: string[]): string[] => [
  ...['index', 'build', '--name', name, '--model', MODEL, '--data', dataset, '--layers', '3'],
  ...more,
  ...at(place).build,
];

async function shown(name: string, place: string): Promise<IndexResult> {
  const { code, stdout, stderr } = await reptrace(['index', 'show', name, '--json', ...at(place).other]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as IndexResult;
}

/** Sends the signal when the command has been at work for a moment. */
async function stopped(args: readonly string[], signal: NodeJS.Signals): Promise<Outcome> {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const begins = !stderr.includes(`/${ROWS}`) && `${stderr}${text}`.includes(`/${ROWS}`);
    stderr += text;
    if (begins) setTimeout(() => child.kill(signal), SIGNAL_MS);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** The rows that a build says it has already. */
function keptOf(stderr: string): number {
  return Number(/(\d+) are indexed already/.exec(stderr)?.[1] ?? 0);
}

const complete = { state: 'COMPLETED', samples: ROWS, progress: { done: ROWS, total: ROWS, failed: 0 } };

describe('a build in its own process', () => {
  it('is cancelled by Ctrl-C, says so, and goes on with the same command', async () => {
    const { code, stderr } = await stopped(build('one', 'ctrl-c'), 'SIGINT');
    expect(code).toBe(1);
    expect(stderr).toContain('[CANCELLED]');
    expect(stderr).toContain('The same command');
    const { state, samples } = await shown('one', 'ctrl-c');
    expect(state).toBe('CANCELLED');
    expect(samples).toBeLessThan(ROWS);
    const again = await reptrace(build('one', 'ctrl-c'));
    expect(again).toMatchObject({ code: 0 });
    expect(keptOf(again.stderr)).toBe(samples);
    expect(await shown('one', 'ctrl-c')).toMatchObject(complete);
  });

  it('goes on after SIGKILL with the same command or `index resume`, and compares settings as ever', async () => {
    expect((await stopped(build('one', 'killed'), 'SIGKILL')).code).toBeNull();
    const other = await reptrace(build('one', 'killed', '--max-tokens', '16'));
    expect(other.stderr).toContain('[CONFLICT]');
    const again = await stopped(build('one', 'killed'), 'SIGKILL');
    expect(again.stderr).toContain('to sign');
    expect(again.stderr).not.toContain('[INDEX_BUSY]');
    expect(await reptrace(['index', 'resume', 'one', ...at('killed').other])).toMatchObject({ code: 0 });
    expect(await shown('one', 'killed')).toMatchObject(complete);
  });
});

describe('a build in a mesh that is running', () => {
  it('goes on without the command that began it, which says so; `index resume` watches it', async () => {
    const env = { REPTRACE_ROOTS: [folder, MODEL].join(':') };
    mesh = await startPart(['up', '--port', '0', '--data', join(folder, 'mesh')], env);
    const place = String(mesh.ready['graphql']);
    const { code, stderr } = await stopped(build('one', place), 'SIGINT');
    expect(code).toBe(1);
    expect(stderr).toContain('the mesh goes on with the build of "one" [CANCELLED]');
    expect((await shown('one', place)).state).toBe('RUNNING');
    const second = await reptrace(build('one', place));
    expect(second.stderr).toContain('[INDEX_BUSY]');
    const watched = await reptrace(['index', 'resume', 'one', ...at(place).other]);
    expect(watched).toMatchObject({ code: 0 });
    expect(watched.stderr).toContain(`${ROWS}/${ROWS}`);
    expect(await shown('one', place)).toMatchObject(complete);
  });
});
