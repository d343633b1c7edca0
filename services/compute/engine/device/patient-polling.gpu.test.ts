import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu, USAGE } from './gpu.ts';

/** Lanes that count for a while; the result depends on what is in the buffer, so that nothing can be left out. */
const SHADER = `
@group(0) @binding(0) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var value = values[id.x];
  for (var i = 0u; i < 20000u; i++) {
    value = fma(value, 0.999, 1.0);
  }
  values[id.x] = value;
}`;
const LANES = 1 << 16;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open();
});
afterAll(() => {
  gpu.close();
});

/** Has the device compute, and returns the share of the wait that the event loop was busy for, and its seconds. */
async function waitForWork(): Promise<{ busy: number; seconds: number }> {
  const { device } = gpu;
  const module = device.createShaderModule({ code: SHADER });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const buffer = device.createBuffer({ size: LANES * 4, usage: USAGE.STORAGE });
  const layout = pipeline.getBindGroupLayout(0);
  const bindGroup = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(LANES / 64);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const [before, begun] = [performance.eventLoopUtilization(), performance.now()];
  await gpu.idle();
  const { utilization } = performance.eventLoopUtilization(before);
  buffer.destroy();
  return { busy: utilization, seconds: (performance.now() - begun) / 1000 };
}

describe('waiting for an adapter that computes on the CPU', () => {
  it('leaves the cores to it', async () => {
    if (!gpu.report.software) return;
    const { busy, seconds } = await waitForWork();
    expect(seconds).toBeGreaterThan(0.02);
    expect(busy).toBeLessThan(0.5);
  });

  it('passes on what others call setImmediate for', async () => {
    const order: string[] = [];
    const cleared = setImmediate(() => order.push('cleared'));
    setImmediate((text: string) => order.push(text), 'first');
    setImmediate(() => order.push('second'));
    clearImmediate(cleared);
    expect(await promisify(setImmediate)('value')).toBe('value');
    expect(order).toEqual(['first', 'second']);
  });
});
