/** The soft cap of scores and logits, cap * tanh(z / cap), as kernels take it (shaders/lib/softcap.wgsl). */
import { f32Bits } from '../device/recorder.ts';
import { ReptraceError } from '../../../../lib/errors.ts';

export * as oracle from '../oracle/softcap.ts';

/**
 * A cap as a word of a parameter block, 0 where there is none. Throws INPUT_INVALID, naming what is capped, unless it is a
 * positive number that float32 holds.
 */
export function capBits(operand: string, cap: number | undefined): number {
  if (cap === undefined) return 0;
  const stored = Math.fround(cap);
  if (stored > 0 && stored < Infinity) return f32Bits(cap);
  throw new ReptraceError(
    'INPUT_INVALID',
    `the soft cap of ${operand} is ${cap}, expected a positive number`,
    `Leave the cap of ${operand} out where there is none.`,
  );
}
