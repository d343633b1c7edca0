// `npm run build`: compile to dist/, with the shaders beside the code and the command ready to run.
import { buildStep } from './setup/build.mjs';
import { StepFailure } from './setup/step-failure.mjs';

try {
  console.log(await buildStep());
} catch (error) {
  if (!(error instanceof StepFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
