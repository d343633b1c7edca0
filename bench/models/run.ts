/**
 * `npm run bench -- models [--runs 3] [--tokens 512] [--only name]`: whole models, each beside what the adapter's multiply-adds
 * allow, and how time and memory grow. Prints tables and keeps all timings in bench/results.
 */
import { loadavg } from 'node:os';
import { Gpu, type Numbers } from '../../services/compute/engine/device/gpu.ts';
import { machineLine } from '../engine/report.ts';
import { measureLimits } from '../limits/measure.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { progress, say } from '../measure/say.ts';
import { short } from '../measure/table.ts';
import { findPlans, WHOLE_MODELS, type Plans } from './plans.ts';
import { blockTable, lengthTable, linearity, tokenTable, wholeTable } from './report.ts';
import { measureScaling, type Scaling } from './scaling.ts';
import { measureWhole, type WholeModel } from './whole.ts';

export const MODEL_PARTS = [...WHOLE_MODELS, 'scaling'] as const;
export type ModelPart = (typeof MODEL_PARTS)[number];

export interface ModelsOptions {
  /** Timings of each case, at least 1. */
  readonly rounds: number;
  /** Tokens of a batch of the larger models. */
  readonly tokens: number;
  /** Of the linear layers; undefined for `REPTRACE_NUMBERS`, else float32. */
  readonly numbers?: Numbers | undefined;
  /** One model, or `scaling`; undefined for all. */
  readonly only?: ModelPart | undefined;
}

/** Of the form of the results file. */
const VERSION = 1;
/** At least: everything is told as a share of them, and they take seconds. */
const LIMIT_ROUNDS = 7;

/** Both classes where float16 may be faster: on a GPU that has it. */
export async function numbersToMeasure(): Promise<Numbers[]> {
  const gpu = await Gpu.open({ numbers: 'mixed' });
  try {
    const { software, features } = gpu.report;
    return software || !features.includes('shader-f16') ? ['f32'] : ['f32', 'mixed'];
  } finally {
    gpu.close();
  }
}

export async function benchModels({ rounds, tokens, only, numbers }: ModelsOptions): Promise<void> {
  const gpu = await Gpu.open({ numbers });
  try {
    const { software } = gpu.report;
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    const { plans, absent }: Plans =
      only === 'scaling' ? { plans: [], absent: [] } : await findPlans({ tokens, software, only });
    for (const sentence of absent) say(sentence);
    progress('what the adapter allows');
    const limits = await measureLimits(gpu, { rounds: Math.max(LIMIT_ROUNDS, rounds), roofOnly: true });
    const { counted } = limits;
    const roof = gpu.numbers === 'mixed' ? limits.mixedRoof : limits.roof;
    say(
      `By the ${counted === 'wall' ? 'wall clock' : "processor's time"}; multiply-adds in ${gpu.numbers}: ${short(roof.flopsPerSecond / 1e9)} GFLOP/s`,
    );
    const whole: Record<string, WholeModel> = {};
    for (const plan of plans) {
      progress(`${plan.name}, ${rounds} rounds`);
      const measured = await measureWhole(gpu, plan, { rounds, roof });
      whole[plan.name] = measured;
      const [weights, scratch] = [measured.weights, measured.scratch].map((bytes) => short(bytes / 2 ** 20));
      say(`\n${plan.name}: ${plan.note}; ${weights} MiB of weights and ${scratch} MiB of scratch memory\n`);
      say(wholeTable(measured.speeds));
    }
    const scaling =
      only === undefined || only === 'scaling' ? await measureScaling(gpu, rounds, progress) : null;
    if (typeof scaling === 'string') say(scaling);
    else if (scaling !== null) sayScaling(scaling);
    // A part alone does not take the place of all.
    const part = only === undefined ? '' : `-${only.toLowerCase()}`;
    const inMixed = gpu.numbers === 'mixed' ? '-mixed' : '';
    const path = await writeResults(`models${part}${inMixed}-${adapterSlug(gpu.report)}`, {
      benchmark: 'models',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      settings: { rounds, tokens, numbers: gpu.numbers },
      ...{ absent, limits, whole, scaling },
    });
    say(`\nAll timings: ${path}`);
  } finally {
    gpu.close();
  }
}

function sayScaling(scaling: Scaling): void {
  say('\nTwo blocks of the demo’s widths at layer 1: samples of 64 tokens in one batch\n');
  say(tokenTable(scaling.tokens));
  say('\nThe same model: one sample, its dispatches alone\n');
  say(lengthTable(scaling.lengths));
  say('\nMore blocks, 512 tokens in samples of 64\n');
  say(blockTable(scaling.blocks));
  say('');
  for (const sentence of linearity(scaling)) say(sentence);
}
