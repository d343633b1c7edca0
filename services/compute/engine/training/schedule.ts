/** Learning rates: linear warm-up, then constant, or linear or cosine decay to a share of the peak at the last step. */

export type ScheduleKind = 'constant' | 'linear' | 'cosine';

export interface Schedule {
  readonly kind: ScheduleKind;
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** What is left of the peak at the end: 0 … 1, default 0. */
  readonly finalShare?: number;
}

/** The rate of step `step`, counted from 0. */
export function learningRate(schedule: Schedule, step: number): number {
  const { kind, peak, warmupSteps, totalSteps, finalShare = 0 } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return peak * (finalShare + (1 - finalShare) * remaining(kind, progress));
}

/** 1 at the end of the warm-up, 0 at the last step. */
function remaining(kind: ScheduleKind, progress: number): number {
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - progress;
    case 'cosine':
      return 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}
