/**
 * What gpu.gpu.test.ts runs in processes of their own, since a mistake with a device's lifetime takes the process down:
 * the scenario that the first argument names. Test code only.
 */
import { setImmediate } from 'node:timers/promises';
import { USAGE, Gpu } from './gpu.ts';
import { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';

/** 1 + 2, on the GPU. */
async function addition(gpu: Gpu): Promise<number> {
  const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
  const [a, b, out] = [1, 2, 0].map((value): Tensor => {
    const buffer = gpu.device.createBuffer({ size: 16, usage });
    gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(4).fill(value));
    return { buffer, shape: [4], dtype: 'f32' };
  });
  const recorder = new Recorder(gpu);
  recorder.run({ shader: 'add' }, [1], [a.buffer, b.buffer, out.buffer], [1], 4);
  const [sum] = await recorder.readFloats([out]);
  return sum[0];
}

async function collect(): Promise<void> {
  // Twice, with a turn of the event loop between: finalizers run after the collection that found their objects dead.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await setImmediate();
  }
}

const SCENARIOS: Readonly<Record<string, (() => Promise<void>) | undefined>> = {
  /** One device, used and closed; then the process must end by itself. */
  async close() {
    const gpu = await Gpu.open();
    console.log(await addition(gpu));
    gpu.close();
    gpu.close();
  },
  /** Nothing but the Gpu is held while the collector runs, 20 times; then it is dropped too, 20 devices' worth. */
  async collect() {
    const gpu = await Gpu.open();
    let total = 0;
    for (let i = 0; i < 20; i++) {
      total += await addition(gpu);
      await collect();
    }
    gpu.close();
    for (let i = 0; i < 20; i++) {
      const other = await Gpu.open();
      await collect();
      total += await addition(other);
      other.close();
      await collect();
    }
    console.log(total);
  },
};

await SCENARIOS[process.argv[1] ?? '']?.();
