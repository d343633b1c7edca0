// Runs a child process to its end with its output kept, without a shell and without stdin.
import { spawnSync } from 'node:child_process';
import { ROOT } from './paths.mjs';

/**
 * @param {string[]} command program and arguments
 * @param {{ timeoutMs?: number, env?: Record<string, string> }} [options] env is added to this process's own
 * @returns {{ ok: boolean, code: number | null, ended: string, stdout: string, output: string }} `ended` says how
 * it ended, in words; `output` is stdout, then stderr
 */
export function run([program, ...args], { timeoutMs, env } = {}) {
  const result = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...env },
  });
  const stdout = result.stdout ?? '';
  return {
    ok: result.status === 0,
    code: result.status,
    ended: howItEnded(result, timeoutMs),
    stdout,
    output: stdout + (result.stderr ?? ''),
  };
}

function howItEnded({ error, status, signal }, timeoutMs) {
  if (error?.code === 'ETIMEDOUT') return `no answer in ${timeoutMs / 1000} s`;
  if (error) return error.message;
  return signal ? `killed by ${signal}` : `exit code ${status}`;
}

/** The last lines of an output, indented, for an error message. */
export function tail(output, lines = 20) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
