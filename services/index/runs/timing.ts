/** How long a run waits for what. Tests wait less. */

export interface Timing {
  /** Between two writes of progress, at least. */
  readonly progressMs: number;
  /** For a store or a service that is away, before the run fails. */
  readonly patienceMs: number;
  /** A report for a store that is away, before its sender is told; well under the procedure's own limit. */
  readonly reportMs: number;
  /** Silence after which an empty queue means that tasks were lost. */
  readonly silenceMs: number;
  /** For late reports, after a build has ended. */
  readonly lingerMs: number;
  /** Between two looks for builds that nobody runs. */
  readonly sweepMs: number;
}

export const TIMING: Timing = {
  progressMs: 250,
  patienceMs: 120_000,
  reportMs: 40_000,
  silenceMs: 30_000,
  lingerMs: 60_000,
  sweepMs: 5_000,
};
