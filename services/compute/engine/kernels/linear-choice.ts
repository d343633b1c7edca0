/**
 * Which variant of the linear layer's products runs on an adapter: the one that is asked for by name, else what was found the
 * fastest there for the product at hand (tuning/), else what suits the adapter.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { AdapterReport, GpuKind, Numbers } from '../device/gpu.ts';
import type { WeightDtype } from '../device/tensor.ts';
import { broadcast } from './linear-broadcast.ts';
import { outer } from './linear-outer.ts';
import { STAGED } from './linear-staged.ts';
import type { LinearVariant } from './linear-variant.ts';
import { namedVariant, runnable } from './variant-choice.ts';

/** The first that suits an adapter is its default. */
export const LINEAR_VARIANTS: readonly LinearVariant[] = [broadcast, ...STAGED, outer];

const ASKED = { what: 'linear layers', variable: 'REPTRACE_LINEAR' };

/** What decides how fast a variant is. */
export interface LinearProduct {
  readonly way: 'forward' | 'inputGrad' | 'weightGrad';
  readonly rows: number;
  /** Columns of x, and rows of w. */
  readonly inner: number;
  readonly columns: number;
  readonly dtype: WeightDtype;
}

/** Fewer rows than these are not tuned for: what is fast with many is seldom so with few, and they take little time. */
export const TUNED_ROWS = 128;

/** What a product goes by among those that were tuned, whatever its rows. */
export function productKey({ way, inner, columns, dtype }: Omit<LinearProduct, 'rows'>): string {
  return `${way} ${inner} ${columns} ${dtype}`;
}

/**
 * Throws CONFIG_INVALID where a variant (`REPTRACE_LINEAR`) or numbers (`REPTRACE_NUMBERS`) are asked for that there are not, or
 * that the adapter cannot run.
 */
export function linearVariant(gpu: GpuKind, product: LinearProduct): LinearVariant {
  if (gpu.linear === undefined && product.rows >= TUNED_ROWS) {
    const tuned = gpu.tuned.get(productKey(product));
    const variant = LINEAR_VARIANTS.find(({ name }) => name === tuned);
    if (variant !== undefined) return variant;
  }
  return defaultVariant(gpu);
}

/** Variants that an adapter can run, of the numbers that are allowed: `mixed` allows both. */
export function allowedVariants({ report, numbers }: GpuKind): LinearVariant[] {
  return runnable(LINEAR_VARIANTS, report).filter(
    (variant) => numbers === 'mixed' || variant.numbers === 'f32',
  );
}

/** The class of numbers that indexes made on this GPU are of. Throws as `linearVariant` does. */
export function numbersOf(gpu: GpuKind): Numbers {
  return gpu.numbers === 'mixed' ? 'mixed' : defaultVariant(gpu).numbers;
}

function defaultVariant(gpu: GpuKind): LinearVariant {
  const { report, linear, numbers } = gpu;
  if (linear !== undefined) return namedVariant(LINEAR_VARIANTS, report, linear, ASKED);
  if (numbers === 'mixed') {
    const mixed = runnable(LINEAR_VARIANTS, report).find((variant) => variant.numbers === 'mixed');
    if (mixed === undefined) throw noMixed(report);
    return mixed;
  }
  const suiting = allowedVariants(gpu).find((variant) => variant.suits(report));
  // The last of the list runs on anything.
  return suiting ?? outer;
}

function noMixed(report: AdapterReport): ReptraceError {
  return new ReptraceError(
    'CONFIG_INVALID',
    `mixed numbers are asked for, and the adapter "${report.description}" has no float16 in shaders`,
    'Unset REPTRACE_NUMBERS, or use another adapter.',
  );
}
