// The stages of a test run, each a child process that writes straight to the terminal and is counted.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { inRoot, ROOT, TOOLS } from '../setup/paths.mjs';
import { countReport, failure, NONE } from './totals.mjs';

/** Counts only when it fails. */
export function runSetup() {
  return runNode('set-up', [inRoot('scripts', 'setup.mjs')]) ? NONE : failure('set-up');
}

/** The servers that tests start. Counts only when it fails. */
export function runTestServers() {
  return runNode('test servers', [inRoot('scripts', 'test-servers.mjs')]) ? NONE : failure('test servers');
}

/** One check counts as one test. */
export function runCheck(name, command) {
  return runNode(name, command) ? { ...NONE, passed: 1 } : failure(name);
}

/** One vitest project, counted from its JSON report. */
export function runVitest(project, filters) {
  const report = inRoot('.cache', 'test', `${project}.json`);
  mkdirSync(dirname(report), { recursive: true });
  // A run that dies must not be counted by the report of the one before.
  rmSync(report, { force: true });
  const exitedWell = runNode(`${project} tests`, [
    TOOLS.vitest,
    'run',
    // A project without (matching) tests is no failure by itself: the whole run is judged at the end.
    ...['--project', project, '--passWithNoTests'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...filters,
  ]);
  return countReport(project, readReport(report), exitedWell);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @returns {boolean} whether it exited with 0 */
function runNode(title, command) {
  console.log(`\n== ${title}`);
  const { status } = spawnSync(process.execPath, command, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}
