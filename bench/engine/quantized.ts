/**
 * `npm run bench -- quantized`: what it costs and saves to keep a GGUF file's blocks on the GPU, beside widening them to
 * float32. Prints two tables and keeps all timings in bench/results.
 */
import { loadavg } from 'node:os';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { percent, short, table } from '../measure/table.ts';
import { measureQuantizedModel, QUANTIZED_MODEL, type QuantizedModel } from './quantized-models.ts';
import {
  COLUMNS,
  INNER,
  measureQuantizedProducts,
  type QuantizedProductSpeed,
} from './quantized-products.ts';
import { machineLine } from './report.ts';
import type { EngineBenchOptions } from './run.ts';

/** Of the form of the results file. */
const VERSION = 1;

export async function benchQuantized({ rounds, tokens }: EngineBenchOptions): Promise<void> {
  const gpu = await Gpu.open();
  try {
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    progress(`model, ${rounds} rounds`);
    const model = await measureQuantizedModel(gpu, { rounds, tokens });
    if (model === undefined) say(`model: not measured, ${QUANTIZED_MODEL} is not there`);
    else say(modelTable(model));
    const rows = [1, tokens];
    const products = await measureQuantizedProducts(gpu, { rows, rounds }, (type) => {
      progress(`products of ${type}`);
    });
    say(`\nProducts with a [${COLUMNS}, ${INNER}] matrix: seconds over those with float32\n`);
    say(productTable(products));
    const path = await writeResults(`quantized-${adapterSlug(gpu.report)}`, {
      benchmark: 'quantized',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      settings: { rounds, tokens },
      model: model ?? null,
      products,
    });
    say(`\nAll timings: ${path}`);
  } finally {
    gpu.close();
  }
}

function modelTable({ bytes, speeds }: QuantizedModel): string {
  const mebibytes = (count: number): string => `${short(count / 2 ** 20)} MiB`;
  const memory = `${mebibytes(bytes.kept)} kept, ${mebibytes(bytes.widened)} widened`;
  const rows = speeds.map(({ work, tokens, kept, widened, ratio }) => [
    work,
    ...[kept, widened].map(({ median }) => short(tokens / median)),
    short(ratio.median),
    percent(ratio.spread),
  ]);
  const head = ['work', 'tokens/s kept', 'tokens/s widened', 'seconds kept / widened', 'spread'];
  return `\nTwo blocks of SmolLM2-135M, Q4_1: weights of ${memory}\n\n${table(head, rows)}`;
}

function productTable(speeds: readonly QuantizedProductSpeed[]): string {
  return table(
    ['type', 'bits', 'rows', 'forward', 'spread', 'inputGrad', 'spread'],
    speeds.map(({ type, bits, rows, forward, inputGrad }) => [
      ...[type, short(bits), rows, short(forward.median), percent(forward.spread)],
      ...[short(inputGrad.median), percent(inputGrad.spread)],
    ]),
  );
}
