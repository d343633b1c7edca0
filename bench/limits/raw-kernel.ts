/** A WGSL text on the device with its storage buffers, outside the engine: limits are measured on the adapter, not on the engine. */
import { USAGE, type Gpu } from '../../services/compute/engine/device/gpu.ts';

export const LANES = 64;

export class RawKernel {
  readonly #gpu: Gpu;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindGroup: GPUBindGroup;

  /** @param buffers of bindings 0, 1, … of group 0 */
  constructor(gpu: Gpu, code: string, buffers: readonly GPUBuffer[]) {
    this.#gpu = gpu;
    this.#pipeline = gpu.device.createComputePipeline({
      layout: 'auto',
      compute: { module: gpu.device.createShaderModule({ code }), entryPoint: 'main' },
    });
    this.#bindGroup = this.newBindGroup(buffers);
  }

  newBindGroup(buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.#gpu.device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  /** Sends so many dispatches in one pass; returns at once. */
  send(workgroups: number, repeats: number, bindGroup = this.#bindGroup): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(workgroups);
    pass.end();
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  async run(workgroups: number, repeats: number): Promise<void> {
    this.send(workgroups, repeats);
    await this.#gpu.idle();
  }
}

export function storageBuffer(gpu: Gpu, bytes: number): GPUBuffer {
  const usage = USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC;
  return gpu.device.createBuffer({ size: bytes, usage });
}

export function wordsBuffer(
  gpu: Gpu,
  words: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
): GPUBuffer {
  const buffer = storageBuffer(gpu, words.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

export async function readBack(gpu: Gpu, source: GPUBuffer, bytes = source.size): Promise<ArrayBuffer> {
  const staging = gpu.device.createBuffer({ size: bytes, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, bytes);
    gpu.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1 /* GPUMapMode.READ */);
    gpu.assertHealthy();
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
