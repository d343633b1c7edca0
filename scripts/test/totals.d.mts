// Types of totals.mjs, for the TypeScript that imports it.

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failures to name at the end: those that no test report names. */
  readonly problems: readonly string[];
}

/** The part of vitest's JSON report that is counted. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export const NONE: Totals;
export function add(a: Totals, b: Totals): Totals;
export function failure(problem: string): Totals;
export function countReport(project: string, report: Report | undefined, exitedWell: boolean): Totals;
export function settle(totals: Totals, where: { readonly inCi: boolean }): Totals;
export function isPassed(totals: Totals): boolean;
export function summary(totals: Totals): string;
