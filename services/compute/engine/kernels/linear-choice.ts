/** Which variant of the linear layer's products runs on an adapter. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { GpuKind } from '../device/gpu.ts';
import { broadcast } from './linear-broadcast.ts';
import { outer } from './linear-outer.ts';
import { STAGED } from './linear-staged.ts';
import type { LinearVariant } from './linear-variant.ts';

/** The first that suits an adapter is its default. */
export const LINEAR_VARIANTS: readonly LinearVariant[] = [broadcast, ...STAGED, outer];

/** Throws CONFIG_INVALID where a variant is asked for (`REPTRACE_LINEAR`) that there is not, or that the adapter cannot run. */
export function linearVariant({ report, linear }: GpuKind): LinearVariant {
  const running = LINEAR_VARIANTS.filter((variant) => variant.runsOn(report));
  const chosen = running.find((variant) =>
    linear === undefined ? variant.suits(report) : variant.name === linear,
  );
  if (chosen !== undefined) return chosen;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `"${linear ?? ''}" names no variant of linear layers that the adapter "${report.description}" can run`,
    `Set REPTRACE_LINEAR to one of ${running.map(({ name }) => name).join(', ')}, or unset it.`,
  );
}
