/**
 * Products by matrix units: which adapters they fit, and that their WGSL is valid, also where no adapter has such units. Their
 * results are tested where one has them (linear-variants.gpu.test.ts).
 */
import { create } from 'webgpu';
import { describe, expect, it } from 'vitest';
import type { AdapterReport, MatrixShape } from '../device/gpu.ts';
import { assembleShader } from '../device/kernel.ts';
import { fitsSubgroups } from './matmul-subgroup.ts';

const SQUARE: MatrixShape = { m: 16, n: 16, k: 16 };

function adapter(asked: Partial<AdapterReport>): AdapterReport {
  return {
    ...{ vendor: 'nvidia', architecture: '', device: '', description: '', software: false },
    ...{ features: ['shader-f16', 'subgroups'], subgroupSize: 32, matrices: [SQUARE] },
    limits: { maxComputeWorkgroupStorageSize: 49152, maxComputeInvocationsPerWorkgroup: 1024 },
    ...asked,
  };
}

describe('products by matrix units', () => {
  it('fit an adapter with square matrices and 48 KiB of workgroup memory to its last byte', () => {
    expect(fitsSubgroups(adapter({}), { side: 64, depth: 32 })).toBe(true);
    expect(fitsSubgroups(adapter({}), { side: 128, depth: 16 })).toBe(true);
    expect(fitsSubgroups(adapter({}), { side: 128, depth: 32 })).toBe(true);
    const less = { maxComputeWorkgroupStorageSize: 49151, maxComputeInvocationsPerWorkgroup: 1024 };
    expect(fitsSubgroups(adapter({ limits: less }), { side: 128, depth: 32 })).toBe(false);
    const fewer = { maxComputeWorkgroupStorageSize: 49152, maxComputeInvocationsPerWorkgroup: 128 };
    expect(fitsSubgroups(adapter({ limits: fewer }), { side: 64, depth: 32 })).toBe(true);
    expect(fitsSubgroups(adapter({ limits: fewer }), { side: 128, depth: 16 })).toBe(false);
  });

  it('do not fit one without matrices that divide a tile, float16, or subgroups of one size', () => {
    const tile = { side: 64, depth: 32 } as const;
    expect(fitsSubgroups(adapter({ matrices: [] }), tile)).toBe(false);
    expect(fitsSubgroups(adapter({ matrices: [{ m: 12, n: 16, k: 16 }] }), tile)).toBe(false);
    expect(fitsSubgroups(adapter({ matrices: [{ m: 16, n: 16, k: 64 }] }), tile)).toBe(false);
    expect(fitsSubgroups(adapter({ matrices: [{ m: 16, n: 16, k: 64 }, SQUARE] }), tile)).toBe(true);
    expect(fitsSubgroups(adapter({ features: ['subgroups'] }), tile)).toBe(false);
    expect(fitsSubgroups(adapter({ subgroupSize: undefined }), tile)).toBe(false);
  });
});

describe('the WGSL of products by matrix units', () => {
  it('is valid for every way of the operands and every shape of matrices', async () => {
    const features = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'] as GPUFeatureName[];
    // An adapter that computes nothing and has every feature.
    const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const device = await (await instance.requestAdapter())?.requestDevice({ requiredFeatures: features });
    expect(device).toBeDefined();
    if (device === undefined) return;
    const shapes = [SQUARE, { m: 16, n: 8, k: 16 }, { m: 8, n: 8, k: 8 }];
    for (const { m, n, k } of shapes) {
      for (const [first, second] of [
        [false, false],
        [false, true],
        [true, true],
      ] as const) {
        const code = assembleShader({
          shader: 'matmul_subgroup',
          constants: {
            ...{ TILE: 128, DEPTH: 32, M: m, N: n, K: k, SUBGROUP: 32, A_BY_INNER: first, A_SCALE: 1024 },
            ...{ B_BY_INNER: second, ACCUMULATE: first, HAS_BIAS: !first, HAS_RESIDUAL: !second },
          },
          weights: 'q4_k',
        });
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
        expect(messages.map(({ lineNum, message }) => `${lineNum}: ${message}`)).toEqual([]);
      }
    }
    device.destroy();
    // Until here the instance has to be reachable.
    expect(instance).toBeDefined();
  });
});
