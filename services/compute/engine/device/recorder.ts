/**
 * Records kernels into command buffers and sends them to the queue in pieces of a bounded length: each piece is
 * planned from the measured rate of the ones before, so that neither the device nor a shutdown waits seconds for it.
 * Nothing is awaited between kernels; `breathe`, between blocks, waits for all pieces but the last.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { USAGE, type GpuPort } from './gpu.ts';
import type { Kernel, KernelSpec } from './kernel.ts';
import { byteLength, type Tensor } from './tensor.ts';

export type Grid = readonly [x: number, y?: number, z?: number];

/** Seconds of GPU time that one command buffer should take. */
const PIECE_SECONDS = 0.15;
/** Operations per second assumed before anything was measured (a software adapter reaches a few 1e9). */
const FIRST_RATE = 1e9;
/** Parameter blocks per command buffer: a full buffer is sent early. */
const PARAM_SLOTS = 2048;
/**
 * Bind groups of a generation; creating one costs about as much as ten dispatches (research: 21 to 33 us), and each holds
 * some kilobytes. Two generations are kept: what was used in the last one survives.
 */
const BIND_GROUPS = 2048;
/** Operations below which a piece says nothing about the rate. */
const MIN_MEASURED_WORK = 1e6;

export class Recorder {
  readonly gpu: GpuPort;
  readonly #slotBytes: number;
  readonly #params: GPUBuffer;
  readonly #paramWords: Uint32Array;
  #bindGroups = new Map<string, GPUBindGroup>();
  #olderBindGroups = new Map<string, GPUBindGroup>();
  /** Short names of kernels and buffers, for the keys of bind groups. */
  readonly #ids = new WeakMap<Kernel | GPUBuffer, number>();
  #nextId = 1;
  #slot = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #work = 0;
  #rate = FIRST_RATE;
  /** When the pieces sent so far are done: the last one, and the one before it. */
  #last: Promise<void> = Promise.resolve();
  #previous: Promise<void> = Promise.resolve();
  #lastDoneAt = 0;
  /** Whether a piece of full length was sent since the last breath. */
  #sentWhole = false;

  constructor(gpu: GpuPort) {
    this.gpu = gpu;
    this.#slotBytes = Math.max(64, gpu.report.limits['minUniformBufferOffsetAlignment'] ?? 256);
    this.#params = gpu.device.createBuffer({
      label: 'kernel parameters',
      size: this.#slotBytes * PARAM_SLOTS,
      usage: USAGE.UNIFORM | USAGE.COPY_DST,
    });
    this.#paramWords = new Uint32Array((this.#slotBytes / 4) * PARAM_SLOTS);
  }

  /** Bytes of GPU memory that it has for itself. */
  get bytes(): number {
    return this.#params.size;
  }

  /**
   * Records one kernel.
   * @param params the shader's Params struct, word by word (`f32Bits` for floats)
   * @param operands one buffer per storage binding, in order
   * @param work floating point operations, to plan how much goes into one command buffer
   */
  run(
    spec: KernelSpec,
    params: readonly number[],
    operands: readonly GPUBuffer[],
    grid: Grid,
    work: number,
  ): void {
    const kernel = this.gpu.kernel(spec);
    if (params.length !== kernel.paramWords || operands.length !== kernel.operands.length) {
      throw new Error(
        `kernel ${kernel.key} takes ${kernel.paramWords} parameters and ${kernel.operands.length} operands, ` +
          `got ${params.length} and ${operands.length}`,
      );
    }
    if (this.#slot === PARAM_SLOTS) this.submit();
    this.#paramWords.set(params, (this.#slot * this.#slotBytes) / 4);
    const pass = this.#openPass();
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, this.#bindGroup(kernel, operands), [this.#slot * this.#slotBytes]);
    pass.dispatchWorkgroups(grid[0], grid[1] ?? 1, grid[2] ?? 1);
    this.#slot += 1;
    this.#work += work;
    if (this.#isLongEnough()) this.submit();
  }

  /**
   * Writes host data into a tensor. What was recorded so far is sent first: the queue would otherwise write before
   * kernels that were recorded earlier and may still read the buffer's old content.
   */
  upload(tensor: Tensor, data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): void {
    this.submit();
    this.gpu.device.queue.writeBuffer(tensor.buffer, 0, data);
  }

  clear(tensor: Tensor): void {
    this.#openEncoder().clearBuffer(tensor.buffer, 0, byteLength(tensor.shape, tensor.dtype));
  }

  /** Copies `bytes` bytes between buffers; offsets and sizes are multiples of 4. */
  copy(
    source: GPUBuffer,
    sourceOffset: number,
    target: GPUBuffer,
    targetOffset: number,
    bytes: number,
  ): void {
    this.#openEncoder().copyBufferToBuffer(source, sourceOffset, target, targetOffset, bytes);
  }

  /** Sends what is recorded; returns at once. */
  submit(): void {
    if (this.#encoder === undefined) return;
    this.#pass?.end();
    const commands = this.#encoder.finish();
    const { queue } = this.gpu.device;
    if (this.#slot > 0)
      queue.writeBuffer(this.#params, 0, this.#paramWords, 0, (this.#slot * this.#slotBytes) / 4);
    queue.submit([commands]);
    if (this.#isLongEnough()) this.#sentWhole = true;
    const work = this.#work;
    const sentAt = performance.now();
    this.#encoder = undefined;
    this.#pass = undefined;
    this.#slot = 0;
    this.#work = 0;
    this.#previous = this.#last;
    this.#last = queue.onSubmittedWorkDone().then(() => {
      const now = performance.now();
      this.#learnRate(work, (now - Math.max(sentAt, this.#lastDoneAt)) / 1000);
      this.#lastDoneAt = now;
    });
    // A lost device rejects this promise; the loss itself is reported by Gpu.assertHealthy.
    this.#last.catch(() => undefined);
  }

  /** Called between blocks: where whole pieces were sent since the last call, waits until only the last is under way. */
  async breathe(): Promise<void> {
    this.gpu.assertHealthy();
    if (!this.#sentWhole) return;
    this.#sentWhole = false;
    await this.#previous;
    this.gpu.assertHealthy();
  }

  /** Sends what is recorded and waits until the device has done it. */
  async finish(): Promise<void> {
    this.submit();
    await this.#last;
    this.gpu.assertHealthy();
  }

  /**
   * Reads tensors back in one transfer, after everything recorded so far. All of it is sent before this returns: what is recorded
   * then may overwrite the tensors, while the promise is waited for.
   */
  async read(tensors: readonly Tensor[]): Promise<ArrayBuffer[]> {
    const sizes = tensors.map((tensor) => byteLength(tensor.shape, tensor.dtype));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total === 0) return tensors.map(() => new ArrayBuffer(0));
    const staging = this.gpu.device.createBuffer({
      label: 'readback',
      size: total,
      usage: USAGE.MAP_READ | USAGE.COPY_DST,
    });
    try {
      let offset = 0;
      tensors.forEach((tensor, i) => {
        const size = sizes[i] ?? 0;
        if (size > 0) this.copy(tensor.buffer, 0, staging, offset, size);
        offset += size;
      });
      this.submit();
      await staging.mapAsync(1 /* GPUMapMode.READ */).catch((error: unknown) => {
        this.gpu.assertHealthy();
        throw new ReptraceError('DEVICE_LOST', 'results could not be read from the GPU', 'Start again.', {
          cause: error,
        });
      });
      this.gpu.assertHealthy();
      const mapped = staging.getMappedRange();
      offset = 0;
      return sizes.map((size) => {
        const part = mapped.slice(offset, offset + size);
        offset += size;
        return part;
      });
    } finally {
      staging.destroy();
    }
  }

  async readFloats(tensors: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
    return (await this.read(tensors)).map((buffer) => new Float32Array(buffer));
  }

  #openEncoder(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.gpu.device.createCommandEncoder();
    return this.#encoder;
  }

  #openPass(): GPUComputePassEncoder {
    this.#encoder ??= this.gpu.device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    return this.#pass;
  }

  #bindGroup(kernel: Kernel, operands: readonly GPUBuffer[]): GPUBindGroup {
    let key = `${this.#id(kernel)}`;
    for (const buffer of operands) key += `,${this.#id(buffer)}`;
    const known = this.#bindGroups.get(key);
    if (known !== undefined) return known;
    const group = this.#olderBindGroups.get(key) ?? this.#newBindGroup(kernel, operands);
    if (this.#bindGroups.size >= BIND_GROUPS) {
      this.#olderBindGroups = this.#bindGroups;
      this.#bindGroups = new Map();
    }
    this.#bindGroups.set(key, group);
    return group;
  }

  #newBindGroup(kernel: Kernel, operands: readonly GPUBuffer[]): GPUBindGroup {
    return this.gpu.device.createBindGroup({
      label: kernel.key,
      layout: kernel.layout,
      entries: [
        {
          binding: 0,
          resource: { buffer: this.#params, size: Math.max(16, Math.ceil(kernel.paramWords / 4) * 16) },
        },
        ...operands.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
  }

  #id(named: Kernel | GPUBuffer): number {
    let id = this.#ids.get(named);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(named, id);
    }
    return id;
  }

  #isLongEnough(): boolean {
    return this.#work >= this.#rate * PIECE_SECONDS;
  }

  #learnRate(work: number, seconds: number): void {
    if (work < MIN_MEASURED_WORK || seconds <= 0) return;
    this.#rate = 0.5 * this.#rate + 0.5 * (work / seconds);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** The 32 bits of a float, as a word of a parameter block. */
export function f32Bits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** A grid of at least `count` workgroups that stays under the limit per dimension; shaders flatten it. */
export function flatGrid(count: number): Grid {
  const wide = 32768;
  return count <= wide ? [Math.max(1, count)] : [wide, Math.ceil(count / wide)];
}
