/**
 * The worker's GPU: opened when it starts, opened again when the device was lost or refused something, and given up when
 * that does not help. A failure never throws from `open`: a mesh in one process goes on without, and its questions of
 * what is stored are still answered.
 */
import { reasonOf, ReptraceError } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { Gpu, type AdapterReport, type GpuOptions, type Numbers } from '../engine/device/gpu.ts';
import { numbersOf } from '../engine/kernels/linear-choice.ts';

/**
 * Losses without any work done in between before the GPU is given up. A batch is tried again alone, and then halved down to the one
 * sample that kills the device, 12 losses at most for a full one: all of those must fit.
 */
const MAX_LOSSES = 12;

export class GpuKeeper {
  readonly #options: GpuOptions;
  readonly #log: Log;
  #gpu: Gpu | undefined;
  #failure: ReptraceError | undefined;
  #losses = 0;

  private constructor(options: GpuOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  static async open(options: GpuOptions, log: Log): Promise<GpuKeeper> {
    const keeper = new GpuKeeper(options, log);
    await keeper.#open();
    return keeper;
  }

  /** Why there is no GPU, if there is none. */
  get failure(): ReptraceError | undefined {
    return this.#failure;
  }

  /** Throws ADAPTER_NOT_FOUND, or what else keeps the GPU away. */
  get report(): AdapterReport {
    return this.#required().report;
  }

  /** The adapter in words. Throws as `report` does. */
  get adapterName(): string {
    const { device, description, vendor } = this.report;
    return device || description || vendor || 'unnamed adapter';
  }

  /** The class of the numbers that it gives. Throws as `report` does. */
  get numbers(): Numbers {
    return numbersOf(this.#required());
  }

  /**
   * A device that works, a new one when the last does not. To be called in the lane, where nobody else uses it but batches that wait
   * for results, and fail with it.
   * Throws as `report` does.
   */
  async healthy(): Promise<Gpu> {
    const gpu = this.#required();
    const trouble = troubleOf(gpu);
    if (trouble === undefined) return gpu;
    this.#losses += 1;
    this.#log.warn(
      { code: trouble.code, losses: this.#losses },
      `the GPU is opened again: ${trouble.message}`,
    );
    gpu.close();
    this.#gpu = undefined;
    if (this.#losses > MAX_LOSSES) this.#fail(trouble);
    else await this.#open();
    return this.#required();
  }

  /** Some work was done: earlier losses are forgiven. */
  worked(): void {
    this.#losses = 0;
  }

  /** Safe to call twice. */
  close(): void {
    this.#failure ??= new ReptraceError(
      'CANCELLED',
      'this compute worker has closed its GPU',
      'Ask another worker, or start this one again.',
    );
    this.#gpu?.close();
    this.#gpu = undefined;
  }

  async #open(): Promise<void> {
    try {
      const gpu = await Gpu.open(this.#options);
      assertKernels(gpu);
      // Closed meanwhile: nobody would close this one.
      if (this.#failure === undefined) this.#gpu = gpu;
      else gpu.close();
    } catch (error) {
      this.#fail(error instanceof ReptraceError ? error : noDevice(error));
    }
  }

  #fail(error: ReptraceError): void {
    this.#failure = error;
    this.#log.error({ code: error.code, remedy: error.remedy }, `no GPU: ${error.message}`);
  }

  #required(): Gpu {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#gpu === undefined) throw new Error('the GPU is being opened');
    return this.#gpu;
  }
}

/** Throws CONFIG_INVALID where kernels or numbers are asked for that the adapter cannot run: to be known at once. */
function assertKernels(gpu: Gpu): void {
  try {
    numbersOf(gpu);
  } catch (error) {
    gpu.close();
    throw error;
  }
}

/** What happened to the device, if it can no longer be used. */
export function troubleOf(gpu: Gpu): ReptraceError | undefined {
  try {
    gpu.assertHealthy();
    return undefined;
  } catch (error) {
    if (error instanceof ReptraceError) return error;
    throw error;
  }
}

function noDevice(error: unknown): ReptraceError {
  return new ReptraceError(
    'ADAPTER_NOT_FOUND',
    `the GPU adapter gives no device: ${reasonOf(error)}`,
    'Run `reptrace doctor`, and see that no other program holds the GPU.',
    { cause: error },
  );
}
