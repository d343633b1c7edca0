// Fetches the servers that tests and demos start, without running a test. `npm test` does the same by itself.
import { StepFailure } from './setup/step-failure.mjs';
import { testServersStep } from './setup/test-servers.mjs';

const say = (line) => {
  console.log(`test servers: ${line}`);
};

try {
  say(testServersStep(say));
} catch (error) {
  if (!(error instanceof StepFailure)) throw error;
  console.error(`test servers failed: ${error.message}`);
  process.exitCode = 1;
}
