/** Learning rates: linear warm-up, then constant, linear or cosine decay to zero at the last step. */

export type ScheduleKind = 'constant' | 'linear' | 'cosine';

export interface Schedule {
  readonly kind: ScheduleKind;
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** The rate of step `step`, counted from 0. */
export function learningRate({ kind, peak, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  switch (kind) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * Math.max(0, 1 - progress);
    case 'cosine':
      return peak * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
  }
}
