// How to start npm as a child process.
import { basename } from 'node:path';

/** The npm that started this script, where one did: PATH may name another, and on Windows only a shell finds it. */
export function npmProgram() {
  const started = process.env.npm_execpath;
  if (started !== undefined && basename(started) === 'npm-cli.js') return [process.execPath, started];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}
