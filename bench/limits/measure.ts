/** What the adapter at hand can do, measured: what every kernel's figure is a share of. */
import type { Gpu, Numbers } from '../../services/compute/engine/device/gpu.ts';
import { interleaveTimings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { costProbe, COSTS } from './costs.ts';
import { matrixMultiply } from './matrix-multiply.ts';
import { multiplyAdd, type MultiplyAddVariant } from './multiply-add.ts';
import type { Roof } from './predicted.ts';
import { sized, type Probe, type Sizable } from './probe.ts';
import { cachedRead, streamed } from './storage.ts';
import { workgroupRead } from './workgroup.ts';

export type LimitUnit = 'FLOP/s' | 'B/s' | 's';

export interface Limit {
  readonly name: string;
  readonly unit: LimitUnit;
  /** Operations or bytes per second, or seconds of one. Of the clock that `counted` names. */
  readonly value: number;
  /** Of one run on the wall clock, and of the processor (see Timings), whose work is that of a software adapter. */
  readonly seconds: Summary;
  readonly processorSeconds: Summary;
  /** Operations, bytes or times in one run. */
  readonly amount: number;
}

export interface Limits {
  /** The clock of `value`: the processor's time on a software adapter, since other processes leave it alone. */
  readonly counted: 'wall' | 'processor';
  /** All that was measured, every variant of the multiply-add too. */
  readonly all: readonly Limit[];
  /** Of float32. */
  readonly roof: Roof;
  /** Where operands may be rounded to float16, by matrix units or by lanes: never below the other. */
  readonly mixedRoof: Roof;
}

export interface LimitOptions {
  readonly rounds: number;
  /** Only what the roofs are made of. */
  readonly roofOnly?: boolean;
}

const VARIANTS: readonly MultiplyAddVariant[] = [
  { precision: 'f32', chains: 2, unroll: 16 },
  { precision: 'f32', chains: 4, unroll: 4 },
  { precision: 'f32', chains: 8, unroll: 4 },
  { precision: 'f32', chains: 8, unroll: 16 },
];
const HALF_VARIANTS: readonly MultiplyAddVariant[] = [
  { precision: 'f16', chains: 4, unroll: 4 },
  { precision: 'f16', chains: 8, unroll: 16 },
];

const MATRIX_CHAINS = [4, 8];

/** Seconds of one run, and of one timing: a GPU's work starts and ends within microseconds. */
const RUN_SECONDS = { software: 0.05, gpu: 0.01 };
const SAMPLE_SECONDS = 0.1;

export async function measureLimits(gpu: Gpu, { rounds, roofOnly = false }: LimitOptions): Promise<Limits> {
  const { software } = gpu.report;
  const seconds = software ? RUN_SECONDS.software : RUN_SECONDS.gpu;
  const probes: { probe: Probe; unit: LimitUnit }[] = [];
  try {
    const add = async (unit: LimitUnit, sizable: Sizable): Promise<void> => {
      probes.push({ unit, probe: await sized(sizable, seconds) });
    };
    const numbers = roofOnly ? gpu.numbers : 'mixed';
    for (const sizable of multiplyAdds(gpu, numbers)) await add('FLOP/s', sizable);
    await add('B/s', streamed(gpu, 'read'));
    if (!roofOnly) {
      await add('B/s', streamed(gpu, 'write'));
      await add('B/s', cachedRead(gpu));
      await add('B/s', workgroupRead(gpu));
      for (const cost of COSTS) probes.push({ unit: 's', probe: costProbe(gpu, cost) });
    }
    const timings = await interleaveTimings(
      probes.map(({ probe }) => probe),
      { rounds, sampleSeconds: SAMPLE_SECONDS },
    );
    for (const { probe } of probes) await probe.check();
    gpu.assertHealthy();
    const all = probes.map(({ probe: { name, amount }, unit }, i): Limit => {
      const [wall, processor] = [summarize(timings[i].seconds), summarize(timings[i].processorSeconds)];
      const { median } = software ? processor : wall;
      const value = unit === 's' ? median / amount : amount / median;
      return { name, unit, value, amount, seconds: wall, processorSeconds: processor };
    });
    return { counted: software ? 'processor' : 'wall', all, roof: roofOf(all), mixedRoof: mixedRoofOf(all) };
  } finally {
    for (const { probe } of probes) probe.close();
  }
}

/**
 * What a roof was measured with, to be timed in turns with what is held against it: the adapter's speed changes with what else the
 * machine does. The caller closes it.
 */
export async function roofProbe(gpu: Gpu, { all }: Limits, numbers: Numbers): Promise<Probe> {
  const seconds = gpu.report.software ? RUN_SECONDS.software : RUN_SECONDS.gpu;
  const { flopsPerSecond } = numbers === 'mixed' ? mixedRoofOf(all) : roofOf(all);
  const fastest = all.find(({ unit, value }) => unit === 'FLOP/s' && value === flopsPerSecond);
  for (const sizable of multiplyAdds(gpu, numbers)) {
    const probe = await sized(sizable, seconds);
    if (probe.name === fastest?.name) return probe;
    probe.close();
  }
  throw new Error(`the roof of ${numbers} numbers was not measured`);
}

/** By lanes in float32 and, of mixed numbers, in float16 and by matrix units: those that the adapter has. */
function multiplyAdds(gpu: Gpu, numbers: Numbers): Sizable[] {
  const { matrices, subgroupSize: subgroup, features } = gpu.report;
  const whole = VARIANTS.map((variant) => multiplyAdd(gpu, variant));
  if (numbers === 'f32') return whole;
  const half = features.includes('shader-f16') ? HALF_VARIANTS : [];
  const shapes = subgroup === undefined ? [] : matrices.map((shape) => ({ shape, subgroup }));
  return [
    ...whole,
    ...half.map((variant) => multiplyAdd(gpu, variant)),
    ...shapes.flatMap((one) => MATRIX_CHAINS.map((chains) => matrixMultiply(gpu, { ...one, chains }))),
  ];
}

function roofOf(all: readonly Limit[]): Roof {
  return {
    flopsPerSecond: best(all, (name) => name.startsWith('multiply-add f32')),
    bytesPerSecond: best(all, (name) => name === 'storage read'),
  };
}

function mixedRoofOf(all: readonly Limit[]): Roof {
  return { ...roofOf(all), flopsPerSecond: best(all, (name) => name.includes('multiply-add')) };
}

function best(all: readonly Limit[], isMeant: (name: string) => boolean): number {
  return Math.max(...all.filter(({ name }) => isMeant(name)).map(({ value }) => value));
}
