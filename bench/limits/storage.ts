/**
 * How fast storage buffers are read and written, a vec4 at a time, neighbouring lanes at neighbouring places: through a buffer
 * larger than caches, and again and again through a few kilobytes, which the nearest cache holds. Words hold their own number
 * (plus a salt), and sums of all that was read, modulo 2^32, are checked.
 */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { wrongResult, type Probe, type Sizable } from './probe.ts';
import { LANES, RawKernel, readBack, storageBuffer, wordsBuffer } from './raw-kernel.ts';

/**
 * Vec4s that a lane reads or writes in one turn of the loop. More of them, or loops of so few turns that the compiler unrolls
 * them, make llvmpipe six times as slow: it then holds more loads than it has registers.
 */
export const UNROLL = 4;
/** Vec4s of what fits the nearest cache: 16 KiB. */
export const WINDOW = 1024;
/** Vec4s of the buffer that one lane goes through. */
const PER_LANE = 256;
const LARGE_BYTES = { software: 128 << 20, gpu: 1 << 30 };
const MAX_WORKGROUPS = 32768;

/** Of a buffer that no cache holds: it has the size that it has. */
export function streamed(gpu: Gpu, kind: 'read' | 'write'): Sizable {
  return { largest: 1, make: () => new Streamed(gpu, kind) };
}

export function cachedRead(gpu: Gpu): Sizable {
  return { largest: MAX_WORKGROUPS / 4, make: (size) => new CachedRead(gpu, size * 4) };
}

class Streamed implements Probe {
  readonly name: string;
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #kind: 'read' | 'write';
  readonly #workgroups: number;
  readonly #data: GPUBuffer;
  readonly #sums: GPUBuffer;
  readonly #salt: GPUBuffer;
  readonly #reader: RawKernel;
  readonly #writer: RawKernel;

  constructor(gpu: Gpu, kind: 'read' | 'write') {
    this.name = `storage ${kind}`;
    this.#gpu = gpu;
    this.#kind = kind;
    this.#workgroups = Math.floor(largeBytes(gpu) / (LANES * PER_LANE * 16));
    const lanes = this.#workgroups * LANES;
    this.amount = lanes * PER_LANE * 16;
    this.#data = storageBuffer(gpu, this.amount);
    this.#sums = storageBuffer(gpu, lanes * 16);
    this.#salt = wordsBuffer(gpu, new Uint32Array(1));
    this.#reader = new RawKernel(gpu, readShader(PER_LANE, undefined), [this.#data, this.#sums]);
    this.#writer = new RawKernel(gpu, WRITE_SHADER, [this.#data, this.#salt]);
    this.#writer.send(this.#workgroups, 1);
  }

  run(repeats: number): Promise<void> {
    return (this.#kind === 'read' ? this.#reader : this.#writer).run(this.#workgroups, repeats);
  }

  async check(): Promise<void> {
    // What is written last differs from what was there before, so that a writer that writes nothing is seen.
    const salt = this.#kind === 'read' ? 0 : 7;
    if (this.#kind === 'write') {
      this.#gpu.device.queue.writeBuffer(this.#salt, 0, new Uint32Array([salt]));
      this.#writer.send(this.#workgroups, 1);
      this.#reader.send(this.#workgroups, 1);
    }
    const expected = sumOfWords(this.amount / 4, salt);
    checkSum(this.name, await readBack(this.#gpu, this.#sums), expected);
  }

  close(): void {
    for (const buffer of [this.#data, this.#sums, this.#salt]) buffer.destroy();
  }
}

class CachedRead implements Probe {
  readonly name = 'storage read, 16 KiB';
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #workgroups: number;
  readonly #data: GPUBuffer;
  readonly #sums: GPUBuffer;
  readonly #kernel: RawKernel;

  /** Every lane goes through a sixteenth of the window, so many times that starting it counts for nothing. */
  static readonly reads = 1024;

  constructor(gpu: Gpu, workgroups: number) {
    this.#gpu = gpu;
    this.#workgroups = workgroups;
    this.amount = workgroups * LANES * CachedRead.reads * 16;
    this.#data = wordsBuffer(
      gpu,
      Uint32Array.from({ length: WINDOW * 4 }, (_, word) => word),
    );
    this.#sums = storageBuffer(gpu, workgroups * LANES * 16);
    const code = readShader(CachedRead.reads, WINDOW);
    this.#kernel = new RawKernel(gpu, code, [this.#data, this.#sums]);
  }

  run(repeats: number): Promise<void> {
    return this.#kernel.run(this.#workgroups, repeats);
  }

  async check(): Promise<void> {
    checkSum(this.name, await readBack(this.#gpu, this.#sums), windowSum(this.amount));
  }

  close(): void {
    this.#data.destroy();
    this.#sums.destroy();
  }
}

function largeBytes({ report }: Gpu): number {
  const binding = report.limits['maxStorageBufferBindingSize'] ?? LARGE_BYTES.software;
  return Math.min(binding, report.software ? LARGE_BYTES.software : LARGE_BYTES.gpu);
}

/** Vec4 number `i` of a lane's: those of a workgroup are consecutive, as prefetching likes it. */
function placeOf(i: string, perLane: number): string {
  return `group.x * ${perLane * LANES}u + (${i}) * ${LANES}u + lane`;
}

/** Adds up `reads` vec4s a lane; within the first `window` of them again and again, where given. */
function readShader(reads: number, window: number | undefined): string {
  const turn = Array.from({ length: UNROLL }, (_, j) => {
    const at = placeOf(`i + ${j}u`, reads);
    return `sum${j} += data[${window === undefined ? at : `(${at}) % ${window}u`}];`;
  });
  return `
@group(0) @binding(0) var<storage, read> data: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4u>;

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum0 = vec4u();
  var sum1 = vec4u();
  var sum2 = vec4u();
  var sum3 = vec4u();
  for (var i = 0u; i < ${reads}u; i += ${UNROLL}u) {
    ${turn.join('\n    ')}
  }
  sums[group.x * ${LANES}u + lane] = sum0 + sum1 + sum2 + sum3;
}
`;
}

const WRITES = Array.from({ length: UNROLL }, (_, j) => {
  const at = placeOf(`i + ${j}u`, PER_LANE);
  return `data[${at}] = vec4u(4u * (${at}) + salt[0]) + vec4u(0u, 1u, 2u, 3u);`;
});

const WRITE_SHADER = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4u>;
@group(0) @binding(1) var<storage, read> salt: array<u32>;

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var i = 0u; i < ${PER_LANE}u; i += ${UNROLL}u) {
    ${WRITES.join('\n    ')}
  }
}
`;

/** Of the numbers from 0 on, so many of them, each plus the salt, modulo 2^32. */
export function sumOfWords(count: number, salt: number): number {
  const n = BigInt(count);
  return Number(BigInt.asUintN(32, (n * (n - 1n)) / 2n + n * BigInt(salt)));
}

/** Of so many bytes read evenly from a window of words that hold their own number, modulo 2^32. */
export function windowSum(bytes: number): number {
  const passes = BigInt(bytes / (WINDOW * 16));
  return Number(BigInt.asUintN(32, passes * BigInt(sumOfWords(WINDOW * 4, 0))));
}

export function checkSum(probe: string, sums: ArrayBuffer, expected: number): void {
  const sum = new Uint32Array(sums).reduce((total, word) => (total + word) >>> 0, 0);
  if (sum !== expected) throw wrongResult(probe, `words summed to ${sum}, expected ${expected}`);
}
