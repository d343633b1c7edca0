/**
 * Scratch memory for activations. A scope takes tensors, gives single ones back early, and returns the rest when it
 * ends; buffers go to the next taker of the same size class, or of one down to half of it: batches of many lengths then share
 * what would otherwise be kept for each. Reuse is safe while recording, because the queue runs
 * kernels in order.
 *
 * Of buffers that fit alike, the one goes first that was given back last, which caches may still have; but when a scope ends, they lie
 * as they were made again. So whoever takes and gives as the scope before has the same buffers, and the bind groups of one batch do for
 * the next (device/recorder.ts).
 */
import { byteSizeText } from '../../../../lib/byte-size.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import { USAGE, type GpuPort } from './gpu.ts';
import { byteLength, type Dtype, type Tensor } from './tensor.ts';

export interface ArenaLimit {
  /** Bytes that the arena may hold at present. */
  room(): number;
  /** Sends what is recorded: it may still name buffers that are free by now. */
  flush(): void;
}

export class Arena {
  readonly #gpu: GpuPort;
  readonly #limit: ArenaLimit | undefined;
  /** By size, what goes first last. */
  readonly #free = new Map<number, GPUBuffer[]>();
  /** When each buffer was made, among the others. */
  readonly #numbers = new WeakMap<GPUBuffer, number>();
  #made = 0;
  #bytes = 0;

  /** Without a limit it takes what the device gives. */
  constructor(gpu: GpuPort, limit?: ArenaLimit) {
    this.#gpu = gpu;
    this.#limit = limit;
  }

  /** Bytes of GPU memory held, in use or not. */
  get bytes(): number {
    return this.#bytes;
  }

  scope(): Scope {
    return new Scope(this);
  }

  take(shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    const size = sizeClass(byteLength(shape, dtype));
    const limit = this.#gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
    if (size > limit) {
      throw new ReptraceError(
        'OUT_OF_MEMORY',
        `a tensor [${shape.join(', ')}] needs ${byteSizeText(size)}; this adapter binds at most ${byteSizeText(limit)}`,
        'Use smaller batches or shorter samples.',
      );
    }
    const buffer = this.#freeFor(size);
    if (buffer !== undefined) return { buffer, shape, dtype };
    this.#makeRoom(size);
    this.#bytes += size;
    return { buffer: this.#newBuffer(size), shape, dtype };
  }

  #newBuffer(size: number): GPUBuffer {
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    const buffer = this.#gpu.device.createBuffer({ size, usage });
    this.#numbers.set(buffer, this.#made++);
    return buffer;
  }

  /** Lets free buffers go where the limit leaves no room for a new one. Throws OUT_OF_MEMORY when that is not enough. */
  #makeRoom(size: number): void {
    if (this.#limit === undefined || this.#bytes + size <= this.#limit.room()) return;
    this.#limit.flush();
    this.trim();
    const room = this.#limit.room();
    if (this.#bytes + size <= room) return;
    throw new ReptraceError(
      'OUT_OF_MEMORY',
      `activations need ${byteSizeText(this.#bytes + size)}, and the memory that the GPU may use leaves ${byteSizeText(Math.max(0, room))} for them`,
      'Use smaller batches or shorter samples, or let it use more (--gpu-memory, REPTRACE_GPU_MEMORY).',
    );
  }

  /** The smallest free buffer that holds this size class and is at most twice as large. */
  #freeFor(size: number): GPUBuffer | undefined {
    for (let larger = size; larger <= 2 * size; larger = sizeClass(larger + 1)) {
      const buffer = this.#free.get(larger)?.pop();
      if (buffer !== undefined) return buffer;
    }
    return undefined;
  }

  give({ buffer }: Tensor): void {
    const list = this.#free.get(buffer.size);
    if (list === undefined) this.#free.set(buffer.size, [buffer]);
    else list.push(buffer);
  }

  /** Forgets the order in which free buffers came back. */
  sort(): void {
    const numberOf = (buffer: GPUBuffer): number => this.#numbers.get(buffer) ?? 0;
    for (const list of this.#free.values()) list.sort((a, b) => numberOf(b) - numberOf(a));
  }

  /** Frees the memory that no scope holds. */
  trim(): void {
    for (const [size, list] of this.#free) {
      for (const buffer of list) buffer.destroy();
      this.#bytes -= size * list.length;
    }
    this.#free.clear();
  }
}

export class Scope {
  readonly #arena: Arena;
  readonly #held = new Set<Tensor>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  take(shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    const tensor = this.#arena.take(shape, dtype);
    this.#held.add(tensor);
    return tensor;
  }

  /** Gives tensors back before the scope ends; each must be held by it. */
  give(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      if (!this.#held.delete(tensor))
        throw new Error('a tensor was given back to a scope that does not hold it');
      this.#arena.give(tensor);
    }
  }

  end(): void {
    for (const tensor of this.#held) this.#arena.give(tensor);
    this.#held.clear();
    this.#arena.sort();
  }
}

/** The next size of four per power of two, at least 256 bytes: close sizes share buffers, a new one is at most 25 % too large. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.floor(Math.log2(bytes) - 2);
  return Math.ceil(bytes / step) * step;
}
