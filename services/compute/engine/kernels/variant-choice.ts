/** What variants of any kernel are chosen by: what an adapter can run, and a name that was asked for. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { AdapterReport } from '../device/gpu.ts';

export interface Variant {
  readonly name: string;
  /** Whether an adapter has what it needs. */
  runsOn(adapter: AdapterReport): boolean;
}

export function runnable<V extends Variant>(variants: readonly V[], report: AdapterReport): V[] {
  return variants.filter((variant) => variant.runsOn(report));
}

/**
 * Throws CONFIG_INVALID where no variant of the name is there, or the adapter cannot run it.
 * @param what the variants are of, for a person
 * @param variable of the environment, by which one is asked for
 */
export function namedVariant<V extends Variant>(
  variants: readonly V[],
  report: AdapterReport,
  name: string,
  { what, variable }: { readonly what: string; readonly variable: string },
): V {
  const running = runnable(variants, report);
  const variant = running.find((one) => one.name === name);
  if (variant !== undefined) return variant;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `"${name}" names no variant of ${what} that the adapter "${report.description}" can run`,
    `Set ${variable} to one of ${running.map((one) => one.name).join(', ')}, or unset it.`,
  );
}
