// `npm run setup`: everything between a fresh clone and a working `npx reptrace`. Quick when there is nothing to
// do, safe to run twice. Node built-ins only, since it runs before node_modules exists.
import { adapterStep } from './setup/adapter.mjs';
import { buildStep } from './setup/build.mjs';
import { dependenciesStep } from './setup/dependencies.mjs';
import { nodeVersionStep } from './setup/node-version.mjs';
import { StepFailure } from './setup/step-failure.mjs';

/** Each step says what it found or did in one line, or throws a StepFailure that says what to do. */
const STEPS = [
  // Nothing can run without these two; a failed build or adapter still leaves the other worth doing.
  { run: nodeVersionStep, needed: true },
  { run: dependenciesStep, needed: true },
  { run: buildStep, needed: false },
  { run: adapterStep, needed: false },
];

const say = (line) => {
  console.log(`set-up: ${line}`);
};

for (const { run, needed } of STEPS) {
  try {
    say(await run(say));
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    console.error(`set-up failed: ${error.message}`);
    process.exitCode = 1;
    if (needed) break;
  }
}
