/** shaders/lib/exp.wgsl, which every softmax and activation rest on, through a kernel of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shaderSource } from '../device/kernel.ts';
import { Bench } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

async function map(name: 'exp_accurate' | 'log_accurate', values: Float32Array): Promise<Float32Array> {
  const { device } = bench.gpu;
  const code = `${shaderSource('lib/exp')}
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < ${values.length}u) { y[id.x] = ${name}(x[id.x]); }
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

/** `count` float32 values from `low` to `high`, evenly spread. */
function spread(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

function largest(errors: Iterable<number>): number {
  let top = 0;
  for (const error of errors) {
    if (Number.isNaN(error)) return NaN;
    top = Math.max(top, error);
  }
  return top;
}

function* expErrors(x: Float32Array, y: Float32Array): Generator<number> {
  for (const [i, value] of x.entries()) yield Math.abs(y[i] / Math.exp(value) - 1);
}

function* logErrors(x: Float32Array, y: Float32Array): Generator<number> {
  for (const [i, value] of x.entries()) {
    const log = Math.log(value);
    yield Math.abs(y[i] - log) / Math.max(1, Math.abs(log));
  }
}

describe('exp_accurate', () => {
  it.each([
    [-87, 88.7],
    [-1, 1],
    [-1e-4, 1e-4],
  ])('is within 2e-7 of exp from %f to %f', async (low, high) => {
    const x = spread(low, high, 2_000_003);
    const error = largest(expErrors(x, await map('exp_accurate', x)));
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  exp_accurate`);
    expect(error).toBeLessThanOrEqual(2e-7);
  });

  it('is exactly 1 at 0', async () => {
    expect([...(await map('exp_accurate', Float32Array.of(0, -0)))]).toEqual([1, 1]);
  });

  it('is 0 below -87 and infinite where float32 ends', async () => {
    const low = Float32Array.of(-87.00001, -88, -104, -1000, -3e38, -Infinity);
    expect([...(await map('exp_accurate', low))]).toEqual(new Array(low.length).fill(0));
    const high = Float32Array.of(88.75, 89, 1000, 3e38, Infinity);
    expect([...(await map('exp_accurate', high))]).toEqual(new Array(high.length).fill(Infinity));
  });

  it('keeps NaN, whatever its bits', async () => {
    const nans = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff).buffer);
    expect([...(await map('exp_accurate', nans))].every(Number.isNaN)).toBe(true);
  });
});

describe('log_accurate', () => {
  it.each([
    [1, 2],
    [1, 4096],
    [1e-6, 1],
    [1, 1e20],
  ])('is within 2e-7 of log from %f to %f, of the larger of it and 1', async (low, high) => {
    const x = spread(low, high, 500_001);
    const error = largest(logErrors(x, await map('log_accurate', x)));
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  log_accurate`);
    expect(error).toBeLessThanOrEqual(2e-7);
  });

  it('is 0 at 1, and keeps NaN', async () => {
    const [one, nan] = await map('log_accurate', Float32Array.of(1, NaN));
    expect(one).toBe(0);
    expect(nan).toBeNaN();
  });
});
