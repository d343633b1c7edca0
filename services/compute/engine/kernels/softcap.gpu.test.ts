/** shaders/lib/softcap.wgsl, through a kernel of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shaderSource } from '../device/kernel.ts';
import { oracle } from './softcap.ts';
import { Bench } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

async function map(
  name: 'softcap' | 'softcap_slope',
  values: Float32Array,
  cap: number,
): Promise<Float32Array> {
  const { device } = bench.gpu;
  const code = `${shaderSource('lib/exp')} ${shaderSource('lib/softcap')}
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < ${values.length}u) { y[id.x] = ${name}(x[id.x], f32(${cap})); }
    }`;
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  const [x, y] = [bench.floats(values), bench.empty([values.length])];
  const entries = [x, y].map(({ buffer }, binding) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(values.length / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  return bench.read(y);
}

/** float32 values to both sides of 0, their magnitudes spread evenly over the exponents. */
function logarithmic(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const magnitude = low * (high / low) ** (i / (count - 1));
    return i % 2 === 0 ? magnitude : -magnitude;
  });
}

function largestRelativeError(
  x: Float32Array,
  y: Float32Array,
  exact: (z: number, cap: number) => number,
  cap: number,
): number {
  let largest = 0;
  for (const [i, z] of x.entries()) {
    const error = Math.abs(y[i] / exact(z, cap) - 1);
    // Not by Math.max alone: NaN counts as an error.
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

describe.each([1, 2, 30, 50])('the soft cap %d', (cap) => {
  it('is within 4e-7 of cap * tanh(z / cap), relative to itself, near 0 too', async () => {
    const x = logarithmic(1e-8 * cap, 100 * cap, 300_001);
    const y = await map('softcap', x, cap);
    const error = largestRelativeError(x, y, oracle.softcap, cap);
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  softcap`);
    expect(error).toBeLessThanOrEqual(4e-7);
  });

  it('has a slope within 2e-6 of 1 / cosh(z / cap)^2, relative to itself, far out too', async () => {
    const x = logarithmic(1e-6 * cap, 5 * cap, 300_001);
    const y = await map('softcap_slope', x, cap);
    const error = largestRelativeError(x, y, oracle.softcapSlope, cap);
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  softcap_slope`);
    expect(error).toBeLessThanOrEqual(2e-6);
  });

  it('saturates at the cap with slope 0, and keeps NaN', async () => {
    const far = Float32Array.of(1e4, 3e38, Infinity, -1e4, -3e38, -Infinity);
    expect([...(await map('softcap', far, cap))]).toEqual([cap, cap, cap, -cap, -cap, -cap]);
    expect([...(await map('softcap_slope', far, cap))]).toEqual(new Array(6).fill(0));
    const nans = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff).buffer);
    expect([...(await map('softcap', nans, cap))].every(Number.isNaN)).toBe(true);
    expect([...(await map('softcap_slope', nans, cap))].every(Number.isNaN)).toBe(true);
    expect([...(await map('softcap', Float32Array.of(0, -0), cap))].map(Math.abs)).toEqual([0, 0]);
  });
});
