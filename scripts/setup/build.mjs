// Step 3: dist/ (compiled code, with the shaders and the supergraph that it reads), and the `reptrace` command pointing into it.
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { run, tail } from './command.mjs';
import { mirror } from './mirror.mjs';
import { inRoot, TOOLS } from './paths.mjs';
import { StepFailure } from './step-failure.mjs';

/** package.json's `bin`. */
const COMMAND = inRoot('dist', 'cli', 'main.js');

export function buildStep() {
  // Build mode answers "nothing changed" in 0.2 s, but by its record alone: it does not miss a deleted output.
  const force = existsSync(COMMAND) ? [] : ['--force'];
  const result = run([process.execPath, TOOLS.tsc, '--build', 'tsconfig.build.json', ...force]);
  if (!result.ok) {
    throw new StepFailure(`the TypeScript build failed (${result.ended}):\n${tail(result.output, 40)}`);
  }
  // Code finds its shaders and its supergraph relative to its own module, so dist/ needs them at the same place.
  mirror(inRoot('shaders'), inRoot('dist', 'shaders'), '.wgsl');
  mirror(inRoot('schema'), inRoot('dist', 'schema'), 'supergraph.graphql');
  return existsSync(COMMAND) ? `built, ${linkCommand()}` : 'built (no command: cli/main.ts is not there)';
}

/**
 * Makes the command executable, and reachable as node_modules/.bin/reptrace.
 *
 * npx runs a project's own command through a link that it keeps in its cache; it sets the executable bit only when
 * it first makes the link, and makes none if the file was not built yet (npm 11), for good. The second link is
 * where npx looks next, and what npm scripts find. On Windows npm makes its own shims.
 */
function linkCommand() {
  if (process.platform === 'win32') return '`npx reptrace` runs it';
  chmodSync(COMMAND, 0o755);
  const link = inRoot('node_modules', '.bin', 'reptrace');
  if (!existsSync(link)) {
    // A broken link does not "exist", yet stands in the way.
    if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync('../../dist/cli/main.js', link);
  }
  return '`npx reptrace` runs it';
}
