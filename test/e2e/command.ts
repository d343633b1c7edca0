/** Runs the built `reptrace` command as a user would. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The running process and its outcome. */
export function start(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): { kill: () => void; interrupt: () => void; outcome: Promise<Outcome> } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(input);
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { kill: () => child.kill('SIGKILL'), interrupt: () => child.kill('SIGINT'), outcome };
}

export function reptrace(args: readonly string[], input = ''): Promise<Outcome> {
  return start(args, input).outcome;
}

/** The JSON lines of a successful run. Throws with what the command said when it failed. */
export async function lines(args: readonly string[], input = ''): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await reptrace(args, input);
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return parseLines(stdout);
}

export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
