/** Which variant of the attention kernels runs on an adapter. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { GpuPort } from '../device/gpu.ts';
import { broadcast } from './attention-broadcast.ts';
import { registers } from './attention-registers.ts';
import type { AttentionVariant } from './attention-variant.ts';

/** The first that suits an adapter is its default. */
export const ATTENTION_VARIANTS: readonly AttentionVariant[] = [broadcast, registers];

/** Throws CONFIG_INVALID where a variant is asked for (`REPTRACE_ATTENTION`) that there is not, or that the adapter cannot run. */
export function attentionVariant({
  report,
  attention,
}: Pick<GpuPort, 'report' | 'attention'>): AttentionVariant {
  const running = ATTENTION_VARIANTS.filter((variant) => variant.runsOn(report));
  const chosen = running.find((variant) =>
    attention === undefined ? variant.suits(report) : variant.name === attention,
  );
  if (chosen !== undefined) return chosen;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `"${attention ?? ''}" names no variant of attention that the adapter "${report.description}" can run`,
    `Set REPTRACE_ATTENTION to one of ${running.map(({ name }) => name).join(', ')}, or unset it.`,
  );
}
