// `npm test` and `npm run test:slow`: set-up, the static checks, the tests, and one last line alone:
// `N passed, N failed` (`, N skipped` may follow). Every stage runs even if one before it failed.
//
// Arguments go to vitest (`npm test -- lib/random`); `--slow` first means the slow tests, without the static checks.
// With CI set, a skipped test counts as failed: there, a missing part is a fault.
import { existsSync } from 'node:fs';
import { inRoot, TOOLS } from './setup/paths.mjs';
import { runCheck, runSetup, runTestServers, runVitest } from './test/stages.mjs';
import { add, isPassed, NONE, settle, summary } from './test/totals.mjs';

const inCi = !['', '0', 'false', undefined].includes(process.env.CI);
const given = process.argv.slice(2);
const slow = given[0] === '--slow';
const vitestArguments = slow ? given.slice(1) : given;

/** The static checks count as one test each. */
const CHECKS = [
  ['lint', [TOOLS.eslint, '.']],
  ['format', [TOOLS.prettier, '--check', '.']],
  ['types', [TOOLS.tsc, '--project', '.']],
  ['schema', [inRoot('scripts', 'schema.mjs'), '--check']],
];

function testEverything() {
  const setUp = runSetup();
  // Without packages there is nothing to run the rest with.
  if (!existsSync(TOOLS.vitest)) return setUp;
  const servers = runTestServers();
  const checks = slow ? [] : CHECKS.map(([name, command]) => runCheck(name, command));
  // One project after the other: unit tests beside them would slow GPU tests on the same cores into time-outs.
  const projects = slow ? ['slow'] : ['unit', 'gpu'];
  const tests = projects.map((project) => runVitest(project, vitestArguments)).reduce(add, NONE);
  return [setUp, servers, ...checks, settle(tests, { inCi })].reduce(add, NONE);
}

const totals = testEverything();
for (const problem of totals.problems) console.log(`failed: ${problem}`);
process.exitCode = isPassed(totals) ? 0 : 1;
console.log(summary(totals));
