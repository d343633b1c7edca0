import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { costProbe, COSTS } from './costs.ts';
import { measureLimits } from './measure.ts';
import { matrixMultiply } from './matrix-multiply.ts';
import { multiplyAdd } from './multiply-add.ts';
import type { Probe } from './probe.ts';
import { cachedRead, streamed } from './storage.ts';
import { workgroupRead } from './workgroup.ts';

let gpu: Gpu;

beforeAll(async () => {
  // With all that the adapter has.
  gpu = await Gpu.open({ numbers: 'mixed' });
});
afterAll(() => {
  gpu.close();
});

const PROBES: readonly (readonly [string, () => Probe])[] = [
  [
    'multiply-add f32, 2 chains unrolled 4',
    () => multiplyAdd(gpu, { precision: 'f32', chains: 2, unroll: 4 }).make(1),
  ],
  [
    'multiply-add f16, 2 chains unrolled 4',
    () => multiplyAdd(gpu, { precision: 'f16', chains: 2, unroll: 4 }).make(1),
  ],
  ['storage read', () => streamed(gpu, 'read').make(1)],
  ['storage read, 16 KiB', () => cachedRead(gpu).make(1)],
  ['workgroup memory read', () => workgroupRead(gpu).make(1)],
];

describe.each(PROBES)('%s', (name, make) => {
  it('is admitted once its kernel has run, and refused by its name before', async () => {
    if (name.includes('f16') && !gpu.device.features.has('shader-f16')) return;
    const probe = make();
    try {
      expect(probe.name).toBe(name);
      await expect(probe.check()).rejects.toThrow(`"${name}" was not measured`);
      await probe.run(2);
      await probe.check();
      expect(probe.amount).toBeGreaterThan(0);
    } finally {
      probe.close();
    }
  });
});

it('admits the rate of every shape of the adapter’s matrix units once they have computed', async () => {
  const { matrices, subgroupSize: subgroup } = gpu.report;
  if (subgroup === undefined) return;
  for (const shape of matrices) {
    const probe = matrixMultiply(gpu, { shape, subgroup, chains: 3 }).make(2);
    try {
      await expect(probe.check()).rejects.toThrow('was not measured');
      await probe.run(2);
      await probe.check();
    } finally {
      probe.close();
    }
  }
});

it('counts what costs are taken of, whatever ran before', async () => {
  for (const cost of COSTS) {
    const probe = costProbe(gpu, cost);
    try {
      await probe.run(1);
      await probe.run(2);
      await probe.check();
    } finally {
      probe.close();
    }
  }
});

it('sees that a writer wrote', async () => {
  const probe = streamed(gpu, 'write').make(1);
  try {
    await probe.run(1);
    await probe.check();
  } finally {
    probe.close();
  }
});

it('gives a roof of plausible rates', async () => {
  const { roof, mixedRoof, all } = await measureLimits(gpu, { rounds: 1, roofOnly: true });
  expect(roof.flopsPerSecond).toBeGreaterThan(1e8);
  expect(mixedRoof.flopsPerSecond).toBeGreaterThanOrEqual(roof.flopsPerSecond);
  expect(roof.bytesPerSecond).toBeGreaterThan(1e7);
  expect(all.every(({ value, seconds }) => value > 0 && seconds.median > 0)).toBe(true);
});
