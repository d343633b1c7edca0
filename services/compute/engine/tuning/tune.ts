/**
 * Finds the fastest variant of each linear product of a model on this adapter, once: what is found is kept and used from then on.
 * A variant is used only after its results, on this adapter and of this very product, were those of float64.
 */
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import type { ModelShape } from '../attribution/memory-plan.ts';
import { BATCH_TOKENS } from '../attribution/signature-batches.ts';
import type { Gpu } from '../device/gpu.ts';
import { Recorder } from '../device/recorder.ts';
import { allowedVariants, productKey } from '../kernels/linear-choice.ts';
import type { LinearVariant } from '../kernels/linear-variant.ts';
import { bindingLimit } from '../model/load-weights.ts';
import { choicesPath, readChoices, writeChoices, type Choice, type Thoroughness } from './choices-file.ts';
import { linearProducts, type CountedProduct } from './linear-products.ts';
import { ADMITTED, ProductTrial, type TrialResult } from './product-trial.ts';

/** `off` goes by what is already known; default `quick` on a GPU, `off` on a software adapter, of which the best is known. */
export type TuneMode = 'off' | Thoroughness;

export interface TuneOptions {
  readonly mode?: TuneMode | undefined;
  /** Where what was found is kept (lib/cache-folder.ts). */
  readonly folder: string;
  /** Told the plan, every result, and what was kept. */
  readonly say: (line: string) => void;
  /** Default those that are allowed on the adapter. */
  readonly variants?: readonly LinearVariant[];
  /** Seconds that a quick tuning may take; default those of the adapter's kind. */
  readonly budget?: number;
}

const BUDGET = { gpu: 10, software: 60 };

/**
 * Before a model is loaded. Throws GPU_REFUSED where no variant computes right, and what the device throws; a cache that cannot be
 * read or written is said, and no more.
 */
export async function tuneFor(gpu: Gpu, shape: ModelShape, options: TuneOptions): Promise<void> {
  const mode = options.mode ?? (gpu.report.software ? 'off' : 'quick');
  if (gpu.linear !== undefined) return;
  const { folder, say, variants = allowedVariants(gpu) } = options;
  const path = choicesPath(folder, gpu.report, gpu.numbers);
  const known = await readChoices(
    path,
    variants.map(({ name }) => name),
    (why) => {
      say(`tuning: ${path} cannot be used and will be made anew: ${why}`);
    },
  );
  for (const [key, { variant }] of known) gpu.tuned.set(key, variant);
  if (mode === 'off') return;
  const products = await linearProducts(shape, gpu, bindingLimit(gpu));
  const missing = products.filter((product) => isMissing(known.get(productKey(product)), mode));
  if (missing.length === 0) return;
  const tried = mode === 'full' ? variants : variants.filter((variant) => variant.promising(gpu.report));
  if (tried.length < 2) return;
  const tuning = new Tuning(gpu, tried, mode, say);
  const seconds = options.budget ?? (mode === 'full' ? Infinity : budgetOf(gpu));
  const limit = Number.isFinite(seconds) ? `, ${seconds} s at most` : '';
  say(
    `tuning ${missing.length} linear products on ${gpu.report.description}: ${tried.map(({ name }) => name).join(', ')}` +
      `${limit} (REPTRACE_TUNE=off leaves it out)`,
  );
  const found = await tuning.run(missing, performance.now() + 1000 * seconds);
  for (const [key, choice] of found) {
    known.set(key, choice);
    gpu.tuned.set(key, choice.variant);
  }
  const left = missing.length - found.size;
  const rest = left === 0 ? '' : `; ${left} were left for the next time`;
  try {
    await writeChoices(path, gpu.report, known);
    say(`tuned ${found.size} linear products, kept in ${path}${rest}`);
  } catch (error) {
    say(`tuned ${found.size} linear products, which cannot be kept: ${reasonOf(error)}${rest}`);
  }
}

/** What a quick tuning found, a full one finds again. */
function isMissing(known: Choice | undefined, mode: Thoroughness): boolean {
  return known === undefined || (mode === 'full' && known.thoroughness === 'quick');
}

function budgetOf({ report }: Gpu): number {
  return report.software ? BUDGET.software : BUDGET.gpu;
}

class Tuning {
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  readonly #variants: readonly LinearVariant[];
  readonly #thoroughness: Thoroughness;
  readonly #say: (line: string) => void;

  constructor(
    gpu: Gpu,
    variants: readonly LinearVariant[],
    thoroughness: Thoroughness,
    say: (line: string) => void,
  ) {
    this.#gpu = gpu;
    this.#recorder = new Recorder(gpu);
    this.#variants = variants;
    this.#thoroughness = thoroughness;
    this.#say = say;
  }

  /** @param until the time at which nothing more is begun; a product of which not all variants were tried has no choice */
  async run(products: readonly CountedProduct[], until: number): Promise<Map<string, Choice>> {
    const found = new Map<string, Choice>();
    for (const product of products) {
      const variant = await this.#fastest(product, until);
      if (variant === undefined) break;
      found.set(productKey(product), { variant, thoroughness: this.#thoroughness });
    }
    return found;
  }

  /** Undefined where the time, or the memory, is up. */
  async #fastest(product: CountedProduct, until: number): Promise<string | undefined> {
    const trial = await this.#trial(product);
    if (trial === undefined) return undefined;
    const results: { readonly variant: LinearVariant; readonly seconds: number }[] = [];
    try {
      for (const variant of this.#variants) {
        if (performance.now() >= until) return undefined;
        const result = await this.#gpu.attempt(() => trial.run(variant));
        const why = refusal(variant, result);
        if (why === undefined && 'seconds' in result) results.push({ variant, seconds: result.seconds });
        else this.#say(`  ${variant.name} is left out of ${nameOf(product)}: ${why ?? ''}`);
      }
    } finally {
      trial.close();
    }
    results.sort((a, b) => a.seconds - b.seconds);
    const [best] = results;
    if (best === undefined) throw noneIsRight(this.#gpu, product);
    const work = 2e-9 * BATCH_TOKENS * product.inner * product.columns;
    const rates = results.map(({ variant, seconds }) => `${variant.name} ${rateText(work / seconds)}`);
    this.#say(`  ${nameOf(product)}: ${rates.join(', ')} GFLOP/s`);
    return best.variant.name;
  }

  async #trial(product: CountedProduct): Promise<ProductTrial | undefined> {
    try {
      return await ProductTrial.open(this.#gpu, this.#recorder, { ...product, rows: BATCH_TOKENS });
    } catch (error) {
      if (!(error instanceof ReptraceError) || error.code !== 'OUT_OF_MEMORY') throw error;
      this.#say(`  there is no memory to try ${nameOf(product)}`);
      return undefined;
    }
  }
}

/** Why a variant is not used. */
function refusal({ numbers }: LinearVariant, result: TrialResult | ReptraceError): string | undefined {
  if (result instanceof ReptraceError) return result.message;
  const admitted = ADMITTED[numbers];
  return result.error <= admitted
    ? undefined
    : `its results differ from float64 by ${result.error.toExponential(1)} of the largest, more than ${admitted}`;
}

function noneIsRight({ report }: Gpu, product: CountedProduct): ReptraceError {
  return new ReptraceError(
    'GPU_REFUSED',
    `no variant of linear layers computes right on the adapter "${report.description}" (${nameOf(product)})`,
    'Run `reptrace doctor`, and update or change the driver.',
  );
}

function nameOf({ way, inner, columns, dtype }: CountedProduct): string {
  return way === 'forward' ? `${inner} -> ${columns} in ${dtype}` : `${columns} back to ${inner} in ${dtype}`;
}

function rateText(rate: number): string {
  return rate >= 10 ? rate.toFixed(0) : rate.toFixed(1);
}
