/**
 * `npm run bench -- variants [--only name]`: every variant of linear layers that the adapter can run, over the products of the
 * models' shapes: how fast, which share of the adapter's multiply-adds, and how far from float64; and attention likewise, by
 * samples of several lengths (unless one variant is named). Prints tables and keeps them.
 */
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import { LINEAR_VARIANTS } from '../../services/compute/engine/kernels/linear-choice.ts';
import type { LinearVariant } from '../../services/compute/engine/kernels/linear-variant.ts';
import { bindingLimit } from '../../services/compute/engine/model/load-weights.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { runnable } from '../../services/compute/engine/kernels/variant-choice.ts';
import { linearProducts, type CountedProduct } from '../../services/compute/engine/tuning/linear-products.ts';
import { machineLine } from '../engine/report.ts';
import { demoShape, modelShape, smollm2Shape, tinyLlamaShape } from '../engine/shapes.ts';
import { measureLimits, roofProbe } from '../limits/measure.ts';
import type { Probe } from '../limits/probe.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { percent, short, table } from '../measure/table.ts';
import { measureAttention, type AttentionSpeed } from './attention.ts';
import { measureVariants, type VariantSpeed } from './measure.ts';

export interface VariantsOptions {
  /** Timings of each case, at least 1. */
  readonly rounds: number;
  /** Of each product: a full batch's, or fewer. */
  readonly tokens: number;
  /** One variant's name; undefined for all that may be the fastest on the adapter. */
  readonly only: string | undefined;
}

interface Outcome extends VariantSpeed {
  readonly model: string;
}

interface AttentionOutcome extends AttentionSpeed {
  readonly model: string;
}

/** Of the form of the results file. */
const VERSION = 2;

export async function benchVariants({ rounds, tokens, only }: VariantsOptions): Promise<void> {
  // With all that the adapter has.
  const gpu = await Gpu.open({ numbers: 'mixed' });
  const probes: Probe[] = [];
  try {
    const { report } = gpu;
    const machine = describeMachine(report);
    say(machineLine(machine));
    const variants = variantsOn(gpu, only);
    progress('what the adapter allows');
    const limits = await measureLimits(gpu, { rounds, roofOnly: true });
    const { roof, mixedRoof } = limits;
    say(
      `multiply-adds: ${short(roof.flopsPerSecond / 1e9)} GFLOP/s, mixed ${short(mixedRoof.flopsPerSecond / 1e9)}`,
    );
    const f32 = await roofProbe(gpu, limits, 'f32');
    probes.push(f32);
    const mixed = await roofProbe(gpu, limits, 'mixed');
    probes.push(mixed);
    const outcomes: Outcome[] = [];
    const attention: AttentionOutcome[] = [];
    const recorder = new Recorder(gpu);
    for (const [model, config] of await shapes(report.software)) {
      for (const { times: _, ...product } of await productsOf(gpu, config)) {
        progress(`${model}: ${product.way} ${product.inner} x ${product.columns}`);
        const turns = { variants, roofs: { f32, mixed }, rounds };
        const speeds = await measureVariants(gpu, recorder, { ...product, rows: tokens }, turns);
        outcomes.push(...speeds.map((speed) => ({ model, ...speed })));
      }
      if (only !== undefined) continue;
      progress(`${model}: attention`);
      const speeds = await measureAttention(gpu, recorder, config, { roof: f32, rounds });
      attention.push(...speeds.map((speed) => ({ model, ...speed })));
    }
    say(`\nLinear layers, ${tokens} rows\n`);
    say(variantTable(outcomes));
    if (attention.length > 0) {
      say('\nAttention, about 512 tokens in samples of so many\n');
      say(attentionTable(attention));
    }
    const path = await writeResults(`variants-${adapterSlug(report)}`, {
      ...{ benchmark: 'variants', version: VERSION, machine, settings: { rounds, tokens } },
      ...{ roofs: { f32: roof, mixed: mixedRoof }, outcomes, attention },
    });
    say(`\nAll figures: ${path}`);
  } finally {
    for (const probe of probes) probe.close();
    gpu.close();
  }
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
    ['model', 'product', 'variant', 'GFLOP/s', 'of multiply-adds', 'spread', 'from float64'],
    outcomes.map(({ model, way, inner, columns, dtype, variant, flopsPerSecond, ofLimit, error }) => [
      ...[
        model,
        way === 'forward' ? `${inner} -> ${columns}, ${dtype}` : `${columns} back to ${inner}, ${dtype}`,
      ],
      ...[variant, short(flopsPerSecond / 1e9), percent(ofLimit.median), percent(ofLimit.spread)],
      error.toExponential(1),
    ]),
  );
}

function attentionTable(outcomes: readonly AttentionOutcome[]): string {
  return table(
    ['model', 'samples', 'kernel', 'variant', 'GFLOP/s', 'of multiply-adds', 'spread'],
    outcomes.map(({ model, samples, kernel, variant, flopsPerSecond, ofLimit }) => [
      ...[model, samples, kernel, variant, short(flopsPerSecond / 1e9)],
      ...[percent(ofLimit.median), percent(ofLimit.spread)],
    ]),
  );
}
