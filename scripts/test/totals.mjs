// Counting test results: from vitest's JSON report, and summed over the stages. Pure.

export const NONE = { passed: 0, failed: 0, skipped: 0, problems: [] };

export function add(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    problems: [...a.problems, ...b.problems],
  };
}

export const failure = (problem) => ({ ...NONE, failed: 1, problems: [problem] });

/** Counts vitest's JSON report (undefined where it wrote none); `exitedWell` is whether its exit code was 0. */
export function countReport(project, report, exitedWell) {
  if (report === undefined) return failure(`${project} tests: vitest wrote no report`);
  const totals = report.testResults.map(countFile).reduce(add, NONE);
  // An unhandled error or a crashed worker: no test failed, and yet the run did.
  if (!exitedWell && totals.failed === 0)
    return add(totals, failure(`${project} tests: vitest failed, no test did`));
  return totals;
}

/** A file that failed before any of its tests did (it does not load, say) is one failure. */
function countFile({ name, status, assertionResults }) {
  const count = (...statuses) => assertionResults.filter((test) => statuses.includes(test.status)).length;
  const [passed, failed] = [count('passed'), count('failed')];
  const skipped = assertionResults.length - passed - failed;
  const totals = { passed, failed, skipped, problems: [] };
  return status === 'failed' && failed === 0 ? add(totals, failure(name)) : totals;
}

/** Applies the two rules on what is no success: no test at all, and in CI a skipped test. */
export function settle(totals, { inCi }) {
  const { passed, failed, skipped, problems } = totals;
  if (passed + failed === 0) return add(totals, failure('no test ran'));
  if (!inCi || skipped === 0) return totals;
  const problem = `${skipped} skipped (counted as failed, since CI is set)`;
  return { passed, failed: failed + skipped, skipped: 0, problems: [...problems, problem] };
}

export const isPassed = ({ passed, failed }) => failed === 0 && passed > 0;

export function summary({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
