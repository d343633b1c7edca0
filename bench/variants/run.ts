/**
 * `npm run bench -- variants [--only name]`: every variant of linear layers that the adapter can run, over the products of the
 * models' shapes: how fast, which share of the adapter's multiply-adds, and how far from float64. Prints tables and keeps them.
 */
import { Gpu, type Numbers } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import { LINEAR_VARIANTS } from '../../services/compute/engine/kernels/linear-choice.ts';
import type { LinearVariant } from '../../services/compute/engine/kernels/linear-variant.ts';
import { bindingLimit } from '../../services/compute/engine/model/load-weights.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { runnable } from '../../services/compute/engine/kernels/variant-choice.ts';
import { linearProducts, type CountedProduct } from '../../services/compute/engine/tuning/linear-products.ts';
import { ADMITTED, ProductTrial } from '../../services/compute/engine/tuning/product-trial.ts';
import { machineLine } from '../engine/report.ts';
import { demoShape, modelShape, smollm2Shape, tinyLlamaShape } from '../engine/shapes.ts';
import { measureLimits } from '../limits/measure.ts';
import type { Roof } from '../limits/predicted.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { percent, short, table } from '../measure/table.ts';

export interface VariantsOptions {
  /** Of each product: a full batch's, or fewer. */
  readonly tokens: number;
  /** One variant's name; undefined for all that may be the fastest on the adapter. */
  readonly only: string | undefined;
}

interface Outcome extends Omit<CountedProduct, 'times'> {
  readonly model: string;
  readonly variant: string;
  readonly flopsPerSecond: number;
  /** Of the adapter's rate of multiply-adds in the variant's numbers. */
  readonly ofLimit: number;
  /** From float64, over the largest. */
  readonly error: number;
}

/** Of the form of the results file. */
const VERSION = 2;
const LIMIT_ROUNDS = 7;

export async function benchVariants({ tokens, only }: VariantsOptions): Promise<void> {
  // With all that the adapter has.
  const gpu = await Gpu.open({ numbers: 'mixed' });
  try {
    const { report } = gpu;
    const machine = describeMachine(report);
    say(machineLine(machine));
    const variants = variantsOn(gpu, only);
    progress('what the adapter allows');
    const { roof, mixedRoof } = await measureLimits(gpu, { rounds: LIMIT_ROUNDS, roofOnly: true });
    const roofs: Record<Numbers, Roof> = { f32: roof, mixed: mixedRoof };
    say(
      `multiply-adds: ${short(roof.flopsPerSecond / 1e9)} GFLOP/s, mixed ${short(mixedRoof.flopsPerSecond / 1e9)}`,
    );
    const outcomes: Outcome[] = [];
    const recorder = new Recorder(gpu);
    for (const [model, config] of await shapes(report.software)) {
      for (const { times: _, ...product } of await productsOf(gpu, config)) {
        progress(`${model}: ${product.way} ${product.inner} x ${product.columns}`);
        const trial = await ProductTrial.open(gpu, recorder, { ...product, rows: tokens });
        try {
          for (const variant of variants) {
            const { seconds, error } = await trial.run(variant);
            if (!(error <= ADMITTED[variant.numbers])) throw new Error(wrong(variant, product, error));
            const flopsPerSecond = (2 * tokens * product.inner * product.columns) / seconds;
            const ofLimit = flopsPerSecond / roofs[variant.numbers].flopsPerSecond;
            outcomes.push({ model, variant: variant.name, ...product, flopsPerSecond, ofLimit, error });
          }
        } finally {
          trial.close();
        }
      }
    }
    say(`\nLinear layers, ${tokens} rows\n`);
    say(variantTable(outcomes));
    const path = await writeResults(`variants-${adapterSlug(report)}`, {
      ...{ benchmark: 'variants', version: VERSION, machine, settings: { tokens }, roofs, outcomes },
    });
    say(`\nAll figures: ${path}`);
  } finally {
    gpu.close();
  }
}

function wrong(
  { name }: LinearVariant,
  { way, inner, columns }: Pick<CountedProduct, 'way' | 'inner' | 'columns'>,
  error: number,
): string {
  return `${name} computes wrong: ${way} ${inner} x ${columns} differs from float64 by ${error}`;
}

function variantsOn({ report }: Gpu, only: string | undefined): LinearVariant[] {
  const running = runnable(LINEAR_VARIANTS, report);
  const chosen = running.filter((variant) =>
    only === undefined ? variant.promising(report) : variant.name === only,
  );
  if (chosen.length > 0) return chosen;
  throw new Error(
    `there is no variant "${only ?? ''}" on this adapter: there are ${running.map(({ name }) => name).join(', ')}`,
  );
}

/** TinyLlama's products take seconds each on a software adapter. */
async function shapes(software: boolean): Promise<[string, ModelConfig][]> {
  const demo = await demoShape();
  return [
    ...(demo === undefined ? [] : [['demo', demo] satisfies [string, ModelConfig]]),
    ['smollm2', smollm2Shape()],
    ...(software ? [] : [['tinyllama', tinyLlamaShape()] satisfies [string, ModelConfig]]),
  ];
}

function productsOf(gpu: Gpu, config: ModelConfig): Promise<CountedProduct[]> {
  return linearProducts(modelShape(config), gpu, bindingLimit(gpu));
}

function variantTable(outcomes: readonly Outcome[]): string {
  return table(
    ['model', 'product', 'variant', 'GFLOP/s', 'of multiply-adds', 'from float64'],
    outcomes.map(({ model, way, inner, columns, dtype, variant, flopsPerSecond, ofLimit, error }) => [
      ...[
        model,
        way === 'forward' ? `${inner} -> ${columns}, ${dtype}` : `${columns} back to ${inner}, ${dtype}`,
      ],
      ...[variant, short(flopsPerSecond / 1e9), percent(ofLimit), error.toExponential(1)],
    ]),
  );
}
