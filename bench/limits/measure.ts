/** What the adapter at hand can do, measured: what every kernel's figure is a share of. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { interleaveTimings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { costProbe, COSTS } from './costs.ts';
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
  readonly roof: Roof;
}

export interface LimitOptions {
  readonly rounds: number;
  /** Only what the roof is made of. */
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
    for (const variant of VARIANTS) await add('FLOP/s', multiplyAdd(gpu, variant));
    await add('B/s', streamed(gpu, 'read'));
    if (!roofOnly) {
      const hasHalf = gpu.device.features.has('shader-f16');
      for (const variant of hasHalf ? HALF_VARIANTS : []) await add('FLOP/s', multiplyAdd(gpu, variant));
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
    return { counted: software ? 'processor' : 'wall', all, roof: roofOf(all) };
  } finally {
    for (const { probe } of probes) probe.close();
  }
}

function roofOf(all: readonly Limit[]): Roof {
  const best = (isMeant: (name: string) => boolean): number =>
    Math.max(...all.filter(({ name }) => isMeant(name)).map(({ value }) => value));
  return {
    flopsPerSecond: best((name) => name.startsWith('multiply-add f32')),
    bytesPerSecond: best((name) => name === 'storage read'),
  };
}
