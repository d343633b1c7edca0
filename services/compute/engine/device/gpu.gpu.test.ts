import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ReptraceError, type ErrorCode } from '../../../../lib/errors.ts';
import { Gpu, USAGE } from './gpu.ts';
import { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';

const opened: Gpu[] = [];

async function open(): Promise<Gpu> {
  const gpu = await Gpu.open();
  opened.push(gpu);
  return gpu;
}

afterEach(() => {
  for (const gpu of opened.splice(0)) gpu.close();
  vi.unstubAllEnvs();
});

function tensor(gpu: Gpu): Tensor {
  const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
  return { buffer: gpu.device.createBuffer({ size: 16, usage }), shape: [4], dtype: 'f32' };
}

async function errorOf(promise: Promise<unknown>): Promise<ReptraceError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ReptraceError) return error;
  throw new Error(`expected a ReptraceError, got ${String(error)}`);
}

/** Runs a scenario of lifetime-scenarios.ts in a process of its own. */
function runScenario(name: string): Promise<{ code: number | null; seconds: number; output: string }> {
  const script = `
    import { runnerImport } from 'vite';
    await runnerImport(${JSON.stringify(fileURLToPath(new URL('lifetime-scenarios.ts', import.meta.url)))},
      { configFile: false, logLevel: 'error' });`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script, name]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, seconds: (performance.now() - startedAt) / 1000, output });
    });
  });
}

describe('opening a GPU', () => {
  it('reports the adapter and asks for its limits', async () => {
    const { report, device } = await open();
    expect(report.description + report.device).not.toBe('');
    expect(report.limits['maxStorageBufferBindingSize']).toBe(device.limits.maxStorageBufferBindingSize);
    expect(report.features).toEqual([...report.features].sort());
  });

  it('says which adapters there are when REPTRACE_ADAPTER names none', async () => {
    vi.stubEnv('REPTRACE_ADAPTER', 'no such adapter');
    const error = await errorOf(open());
    expect(error.code).toBe<ErrorCode>('ADAPTER_NOT_FOUND');
    expect(error.message).toContain('no such adapter');
    expect(error.remedy).toContain('REPTRACE_ADAPTER');
  });

  it('finds an adapter by part of its name', async () => {
    const { report } = await open();
    const part = (report.device || report.description).slice(0, 6);
    const other = await Gpu.open({ adapter: part });
    expect(other.report.device).toBe(report.device);
    other.close();
  });
});

describe('a GPU', () => {
  it('compiles each variant of a shader once', async () => {
    const gpu = await open();
    const variant = (through: boolean) =>
      gpu.kernel({
        shader: 'rms_norm_input_grad',
        constants: { HAS_THROUGH: through, TEAM: 1, ROWS: 2 },
      });
    expect(variant(true)).toBe(variant(true));
    expect(variant(true)).not.toBe(variant(false));
    expect(variant(true).operands.map(({ name }) => name)).toEqual([
      ...['x', 'weight', 'reciprocal', 'dy', 'through', 'dx'],
    ]);
    expect(
      variant(true)
        .operands.map(({ writable }) => writable)
        .lastIndexOf(false),
    ).toBe(4);
    await gpu.idle();
  });

  it('is healthy until something goes wrong, and then says what', async () => {
    const gpu = await open();
    gpu.assertHealthy();
    // Larger than the buffer: the device refuses it.
    gpu.device.queue.writeBuffer(tensor(gpu).buffer, 0, new Float32Array(400));
    const error = await errorOf(gpu.idle());
    expect(error.message).toContain('the GPU refused an operation');
  });

  it.each(['read', 'finish', 'idle'] as const)('reports the loss of its device in %s', async (call) => {
    const gpu = await open();
    const recorder = new Recorder(gpu);
    const [a, b, out] = [tensor(gpu), tensor(gpu), tensor(gpu)];
    recorder.run({ shader: 'add' }, [1], [a.buffer, b.buffer, out.buffer], [1], 4);
    gpu.device.destroy();
    const waits = {
      read: () => recorder.read([out]),
      finish: () => recorder.finish(),
      idle: () => gpu.idle(),
    };
    const error = await errorOf(waits[call]());
    expect(error.code).toBe<ErrorCode>('DEVICE_LOST');
    expect(error.remedy).not.toBe('');
  });

  it('reports the loss of its device to long work', async () => {
    const gpu = await open();
    const recorder = new Recorder(gpu);
    const operands = [tensor(gpu), tensor(gpu), tensor(gpu)].map(({ buffer }) => buffer);
    const work = async (): Promise<void> => {
      for (let i = 0; i < 100_000; i++) {
        if (i === 3) gpu.device.destroy();
        recorder.run({ shader: 'add' }, [1], operands, [1], 1e12);
        await recorder.breathe();
      }
    };
    expect((await errorOf(work())).code).toBe<ErrorCode>('DEVICE_LOST');
  });

  it('does not call it a loss when it is closed, twice even', async () => {
    const gpu = await open();
    gpu.close();
    gpu.close();
    await gpu.device.lost;
    gpu.assertHealthy();
  });
});

describe('a process', () => {
  it('ends by itself, and well, once its GPU is closed', async () => {
    const { code, seconds, output } = await runScenario('close');
    expect(output).toMatch(/^3$/m);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(20);
  });

  it('survives the garbage collector, 20 times with a device and with 20 devices', async () => {
    const { code, output } = await runScenario('collect');
    expect(output).toMatch(/^120$/m);
    expect(code).toBe(0);
  });
});
