/** Which variant of the attention kernels runs on an adapter. */
import type { GpuPort } from '../device/gpu.ts';
import { broadcast } from './attention-broadcast.ts';
import { registers } from './attention-registers.ts';
import type { AttentionVariant } from './attention-variant.ts';
import { namedVariant, runnable } from './variant-choice.ts';

/** The first that suits an adapter is its default. */
export const ATTENTION_VARIANTS: readonly AttentionVariant[] = [broadcast, registers];

const ASKED = { what: 'attention', variable: 'REPTRACE_ATTENTION' };

/** Throws CONFIG_INVALID where a variant is asked for (`REPTRACE_ATTENTION`) that there is not, or that the adapter cannot run. */
export function attentionVariant({
  report,
  attention,
}: Pick<GpuPort, 'report' | 'attention'>): AttentionVariant {
  if (attention !== undefined) return namedVariant(ATTENTION_VARIANTS, report, attention, ASKED);
  // The last of the list runs on anything.
  return runnable(ATTENTION_VARIANTS, report).find((variant) => variant.suits(report)) ?? registers;
}
