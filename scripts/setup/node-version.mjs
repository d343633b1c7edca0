// Step 1: is this Node new enough?
import { StepFailure } from './step-failure.mjs';

/** The same as `engines.node` in package.json. */
const OLDEST = [20, 19];

/** Compares a version as process.versions.node gives it. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

export function nodeVersionStep() {
  const { node } = process.versions;
  if (isNewEnough(node)) return `Node ${node}`;
  throw new StepFailure(
    `this is Node ${node}, and reptrace needs ${OLDEST.join('.')} or later. Install Node 20 LTS or later, then run this again.`,
  );
}
