/**
 * A GPU that computes nothing and counts the memory that is asked of it: the engine's own code, run on it, tells what a
 * computation will need before it is started.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { GpuKind, GpuPort } from './gpu.ts';
import { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';

const UNKNOWN: GpuKind = {
  report: {
    ...{ vendor: '', architecture: '', device: '', description: 'counts memory', software: false },
    ...{ features: [], limits: {}, matrices: [] },
  },
  ...{ linear: undefined, numbers: 'f32', tuned: new Map() },
};

export class CountingGpu implements GpuPort {
  readonly device: GPUDevice;
  readonly report: GpuPort['report'];
  readonly linear: GpuPort['linear'];
  readonly numbers: GpuPort['numbers'];
  readonly tuned: GpuPort['tuned'];
  /** Whichever: no variant of attention takes memory. */
  readonly attention = undefined;
  #bytes = 0;
  #peak = 0;

  /**
   * @param bindingLimit largest binding of the device that is planned for
   * @param kind the device, whose kernels decide what scratch memory there is; default one of which nothing is known
   */
  constructor(bindingLimit: number, { report, linear, numbers, tuned }: GpuKind = UNKNOWN) {
    this.report = { ...report, limits: { ...report.limits, maxStorageBufferBindingSize: bindingLimit } };
    this.linear = linear;
    this.numbers = numbers;
    this.tuned = tuned;
    const device = {
      createBuffer: ({ size }: GPUBufferDescriptor) => this.#buffer(size),
      queue: { writeBuffer: () => undefined },
    };
    // What the engine asks of a device beyond this, the counting recorder leaves out.
    this.device = device as unknown as GPUDevice;
  }

  /** Most bytes that buffers had at any time. */
  get peak(): number {
    return this.#peak;
  }

  kernel(): never {
    throw new Error('a GPU that only counts has no kernels');
  }

  assertHealthy(): void {
    // Nothing can happen to it.
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }

  #buffer(size: number): GPUBuffer {
    this.#bytes += size;
    this.#peak = Math.max(this.#peak, this.#bytes);
    if (!Number.isSafeInteger(this.#bytes)) throw tooLarge();
    let there = true;
    const destroy = (): void => {
      if (there) this.#bytes -= size;
      there = false;
    };
    return { size, destroy } as GPUBuffer;
  }
}

/** Records nothing, and reads nothing back. */
export class CountingRecorder extends Recorder {
  override run(): void {
    // Kernels take no memory.
  }

  override upload(): void {
    // Nor do values.
  }

  override clear(): void {
    // As above.
  }

  override copy(): void {
    // As above.
  }

  override submit(): void {
    // Nothing is recorded.
  }

  override breathe(): Promise<void> {
    return Promise.resolve();
  }

  override finish(): Promise<void> {
    return Promise.resolve();
  }

  override read(tensors: readonly Tensor[]): Promise<ArrayBuffer[]> {
    return Promise.resolve(tensors.map(() => new ArrayBuffer(0)));
  }
}

function tooLarge(): ReptraceError {
  return new ReptraceError(
    'OUT_OF_MEMORY',
    'the model and its activations have more bytes than can be counted',
    'Use smaller batches, shorter samples or a smaller model.',
  );
}
