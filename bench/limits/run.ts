/**
 * `npm run bench -- limits`: what this adapter can do. Prints a table and keeps all timings in bench/results.
 */
import { loadavg } from 'node:os';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { machineLine } from '../engine/report.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { percent, short, table } from '../measure/table.ts';
import { measureLimits, type Limit, type Limits } from './measure.ts';

/** Of the form of the results file. */
const VERSION = 1;

export async function benchLimits({ rounds }: { rounds: number }): Promise<void> {
  // With all that the adapter has.
  const gpu = await Gpu.open({ numbers: 'mixed' });
  try {
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    const limits = await measureLimits(gpu, { rounds });
    say(`\nLimits by the ${limits.counted === 'wall' ? 'wall clock' : "processor's time"}\n`);
    say(limitTable(limits));
    const path = await writeResults(`limits-${adapterSlug(gpu.report)}`, {
      benchmark: 'limits',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      ...{ features: gpu.report.features, matrices: gpu.report.matrices },
      settings: { rounds },
      ...limits,
    });
    say(`\nAll timings: ${path}`);
  } finally {
    gpu.close();
  }
}

function limitTable({ all, counted }: Limits): string {
  return table(
    ['limit', 'unit', 'value', 'by the wall clock', 'spread'],
    all.map((limit) => [
      limit.name,
      shownUnit(limit),
      short(shown(limit, limit.value)),
      short(shown(limit, onWall(limit))),
      percent((counted === 'wall' ? limit.seconds : limit.processorSeconds).spread),
    ]),
  );
}

function onWall({ unit, amount, seconds: { median } }: Limit): number {
  return unit === 's' ? median / amount : amount / median;
}

function shownUnit({ unit }: Limit): string {
  return { 'FLOP/s': 'GFLOP/s', 'B/s': 'GB/s', s: 'us' }[unit];
}

function shown({ unit }: Limit, value: number): number {
  return unit === 's' ? value * 1e6 : value / 1e9;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
