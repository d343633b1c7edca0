/**
 * `npm run bench -- counts [--model smollm2|demo]`: the dispatches of one block and the bytes that they touch, beside a fused design
 * and the least possible. Counts, not timings: they are the same on every run. Prints tables and keeps them in bench/results.
 */
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { benchBatch } from '../engine/batch.ts';
import { machineLine } from '../engine/report.ts';
import { demoShape, DEMO_SHAPE, smollm2Shape } from '../engine/shapes.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { dispatchesOfBlock } from './block.ts';
import { byShader } from './difference.ts';
import { leastOfBlock } from './least.ts';
import { fusedTable, shaderTable, summaryOf, summaryTable, WAYS } from './report.ts';

export interface CountsOptions {
  /** Tokens of the batch. */
  readonly tokens: number;
  /** One model's name; all where undefined. */
  readonly model: string | undefined;
}

/** Of the form of the results file. */
const VERSION = 1;
/** The head is no part of a block: few rows of it do. */
const VOCABULARY = 1024;

export async function benchCounts({ tokens, model }: CountsOptions): Promise<void> {
  const shapes = await findShapes();
  const chosen = [...shapes].filter(([name]) => model === undefined || name === model);
  if (chosen.length === 0) {
    throw new Error(`there is no model "${model ?? ''}" here: there are ${[...shapes.keys()].join(', ')}`);
  }
  const gpu = await Gpu.open();
  try {
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    const models: Record<string, object> = {};
    for (const [name, config] of chosen) {
      progress(`one block of ${name}`);
      models[name] = await countModel(gpu, name, config, tokens);
    }
    const path = await writeResults(`counts-${adapterSlug(gpu.report)}`, {
      ...{ benchmark: 'counts', version: VERSION, machine, settings: { tokens }, models },
    });
    say(`\nAll counts: ${path}`);
  } finally {
    gpu.close();
  }
}

async function findShapes(): Promise<Map<string, ModelConfig>> {
  const shapes = new Map([['smollm2', smollm2Shape({ vocab_size: VOCABULARY })]]);
  const demo = await demoShape();
  if (demo === undefined) say(`demo: not counted, ${DEMO_SHAPE} is not there`);
  else shapes.set('demo', demo);
  return shapes;
}

async function countModel(gpu: Gpu, name: string, config: ModelConfig, tokens: number): Promise<object> {
  const block = await dispatchesOfBlock(gpu, config, benchBatch(tokens, config.vocabSize));
  const least = leastOfBlock(config, tokens);
  const summaries = WAYS.map(({ way }) => summaryOf(way, block[way], least[way]));
  say(`\nOne block of ${name}, ${tokens} tokens, weights in ${config.dtype ?? 'F32'}\n`);
  say(summaryTable(summaries));
  for (const { way, title } of WAYS) {
    say(`\n${name}, ${title}: what is dispatched\n`);
    say(shaderTable(byShader(block[way])));
    say(`\n${name}, ${title}: the fused design\n`);
    say(fusedTable(least[way].fused));
  }
  const details = WAYS.map(({ way }) => [way, { shaders: byShader(block[way]), ...least[way] }] as const);
  return { summaries, ...Object.fromEntries(details) };
}
