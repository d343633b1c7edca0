/**
 * `npm run bench -- engine`: how fast the engine makes signatures, and its matrix products beside those of jax-js
 * and the adapter's limit. Prints
 * two tables and keeps all timings in bench/results.
 */
import { loadavg } from 'node:os';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { measureLimits } from '../limits/measure.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { findModels } from './models.ts';
import { productShapes } from './product-shapes.ts';
import { measureProducts } from './product-speed.ts';
import { tune } from './tuned.ts';
import { machineLine, productTable, signatureTable } from './report.ts';
import { measureSignatures } from './signature-speed.ts';

export interface EngineBenchOptions {
  /** Timings of each case, at least 1. */
  readonly rounds: number;
  /** Tokens of a batch, and rows of the products. */
  readonly tokens: number;
}

/** Of the form of the results file. */
const VERSION = 2;

export async function benchEngine({ rounds, tokens }: EngineBenchOptions): Promise<void> {
  const gpu = await Gpu.open();
  try {
    const machine = describeMachine(gpu.report);
    const { models, absent } = await findModels();
    say(machineLine(machine));
    for (const sentence of absent) say(sentence);
    for (const { name, note } of models) say(`${name}: ${note}`);

    // Signatures with weights as they are stored, products in float32.
    for (const { config } of models) {
      await tune(gpu, config);
      await tune(gpu, { ...config, dtype: 'F32' });
    }
    progress(`signatures, ${rounds} rounds`);
    const signatures = await measureSignatures(gpu, models, { tokens, rounds });
    say(`\nSignatures of a packed batch of ${tokens} tokens, half of them predicted\n`);
    say(signatureTable(signatures));

    progress('what the adapter allows');
    const limits = await measureLimits(gpu, { rounds, roofOnly: true });
    const products = await measureProducts(
      gpu,
      productShapes(models),
      { rows: tokens, rounds, limits },
      ({ name }) => {
        progress(`products of the shape of ${name}`);
      },
    );
    say(
      '\nMatrix products in GFLOP/s, our share of the limit, and the speed-up over the better jax-js layout\n',
    );
    say(productTable(products));

    const notes = Object.fromEntries(models.map(({ name, note }) => [name, note]));
    const path = await writeResults(`engine-${adapterSlug(gpu.report)}`, {
      benchmark: 'engine',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      settings: { rounds, tokens },
      models: notes,
      absent,
      signatures,
      limits,
      products,
    });
    say(`\nAll timings: ${path}`);
  } finally {
    gpu.close();
  }
}
