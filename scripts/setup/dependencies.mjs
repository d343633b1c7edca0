// Step 2: the packages of package-lock.json, installed with npm when node_modules does not hold them already.
import { readFileSync } from 'node:fs';
import { run } from './command.mjs';
import { isInstalled } from './lockfile.mjs';
import { npmProgram } from './npm.mjs';
import { inRoot } from './paths.mjs';
import { StepFailure } from './step-failure.mjs';

/** The tests need the development packages whatever NODE_ENV or npm's `omit` say. */
const OPTIONS = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];

export function dependenciesStep(say) {
  if (isUpToDate()) return 'packages are those of package-lock.json';
  say('installing packages with `npm ci` (a minute or so)');
  const clean = npm('ci');
  if (clean.ok) return 'packages installed';
  throw new StepFailure(`\`npm ci\` failed (${clean.ended}):\n${head(clean.output)}`);
}

function isUpToDate() {
  const wanted = readJson(inRoot('package-lock.json'));
  const installed = readJson(inRoot('node_modules', '.package-lock.json'));
  return wanted !== undefined && installed !== undefined && isInstalled(wanted, installed, process);
}

const npm = (command, ...more) => run([...npmProgram(), command, ...more, ...OPTIONS]);

/** npm says what is wrong first, and how to use it after. */
function head(output) {
  const lines = output.trimEnd().split('\n').slice(0, 30);
  return lines.map((line) => `    ${line}`).join('\n');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
