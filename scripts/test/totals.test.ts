import { describe, expect, test } from 'vitest';
import { add, countReport, failure, isPassed, NONE, settle, summary, type Report } from './totals.mjs';

/** A report of one file with tests of these statuses. */
function report(status: string, ...tests: string[]): Report {
  const assertionResults = tests.map((one) => ({ status: one }));
  return { testResults: [{ name: 'a.test.ts', status, assertionResults }] };
}

const counts = (passed: number, failed: number, skipped: number) => ({ ...NONE, passed, failed, skipped });

describe('a vitest report', () => {
  test('gives its passed, failed and skipped tests, with to-dos among the skipped', () => {
    const mixed = report('failed', 'passed', 'failed', 'skipped', 'todo', 'pending', 'passed');
    expect(countReport('unit', mixed, false)).toEqual(counts(2, 1, 3));
  });

  test('counts a file that does not load as one failure, by name', () => {
    expect(countReport('unit', report('failed'), false)).toMatchObject({
      failed: 1,
      problems: ['a.test.ts'],
    });
  });

  test('counts one failure when vitest failed though no test did, or left no report', () => {
    expect(countReport('gpu', report('passed', 'passed'), false)).toMatchObject({ passed: 1, failed: 1 });
    expect(countReport('gpu', undefined, true)).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('the outcome', () => {
  test('fails when no test ran, even beside passed checks', () => {
    const settled = add(counts(3, 0, 0), settle(counts(0, 0, 5), { inCi: false }));
    expect(isPassed(settled)).toBe(false);
    expect(summary(settled)).toBe('3 passed, 1 failed, 5 skipped');
  });

  test('takes a skipped test for a failed one in CI, and only there', () => {
    expect(summary(settle(counts(4, 0, 2), { inCi: false }))).toBe('4 passed, 0 failed, 2 skipped');
    expect(summary(settle(counts(4, 0, 2), { inCi: true }))).toBe('4 passed, 2 failed');
  });

  test('passes only with something passed and nothing failed', () => {
    expect(isPassed(counts(1, 0, 1))).toBe(true);
    expect(isPassed(NONE)).toBe(false);
    expect(isPassed(add(counts(9, 0, 0), failure('set-up')))).toBe(false);
  });
});
