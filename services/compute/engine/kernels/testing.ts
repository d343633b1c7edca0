/**
 * What the tests of the kernels share: a GPU, arrays onto it and back, and the checks. Every buffer ends in a tail of
 * NaN, so that a kernel that reads past its operands gives NaN, and one that writes past them is caught by `read`.
 * Test code only (it takes no test runner, so that it builds with the rest).
 */
import assert from 'node:assert/strict';
import { ReptraceError } from '../../../../lib/errors.ts';
import { Arena, sizeClass, type Scope } from '../device/arena.ts';
import { Gpu, USAGE, type GpuOptions } from '../device/gpu.ts';
import { Recorder } from '../device/recorder.ts';
import { elementCount, type Dtype, type FloatDtype, type Matrix, type Tensor } from '../device/tensor.ts';
import { decodeFloats, encodeFloats, type DType } from '../model/dtype.ts';
import { relativeError } from '../oracle/compare.ts';
import { normalArrays } from '../oracle/gradient-checks.ts';
import type { Numbers } from '../oracle/numbers.ts';

/** A word that is NaN as a float32 and as two float16s or bfloat16s. */
const TAIL = 0x7fc07fc0;
const TAIL_WORDS = 64;
const LARGEST_SCRATCH = 1 << 17;

/** Float32 sums of a few hundred terms, of the largest magnitude. */
export const FORWARD = 2e-6;
export const GRADIENT = 1e-5;

export class Bench {
  readonly gpu: Gpu;
  readonly recorder: Recorder;
  readonly #buffers: GPUBuffer[] = [];
  #scratch: Scope | undefined;

  private constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.recorder = new Recorder(gpu);
  }

  static async open(options: GpuOptions = {}): Promise<Bench> {
    return new Bench(await Gpu.open(options));
  }

  floats(values: Numbers, shape: readonly number[] = [values.length]): Tensor {
    return { buffer: this.#buffer(new Uint32Array(Float32Array.from(values).buffer)), shape, dtype: 'f32' };
  }

  words(values: Numbers, shape: readonly number[] = [values.length]): Tensor {
    return { buffer: this.#buffer(Uint32Array.from(values)), shape, dtype: 'u32' };
  }

  /** A tensor for results, full of NaN: what the kernel leaves out shows. */
  empty(shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
    const words = new Uint32Array(elementCount(shape)).fill(TAIL);
    return { buffer: this.#buffer(words), shape, dtype };
  }

  /** The rows of a weight matrix below `rowOffset` rows of NaN. */
  matrix(values: Numbers, rows: number, columns: number, dtype: FloatDtype = 'f32', rowOffset = 0): Matrix {
    const all = new Float32Array((rowOffset + rows) * columns).fill(NaN);
    all.set(Array.from(values), rowOffset * columns);
    const bytes = encodeFloats(storedType(dtype), all);
    return { buffer: this.#buffer(new Uint32Array(bytes.buffer)), rows, columns, rowOffset, dtype };
  }

  /** Scratch memory that is not zero, as none is after a while. */
  scratch(): Scope {
    if (this.#scratch !== undefined) return this.#scratch;
    const scope = new Arena(this.gpu).scope();
    const taken: Tensor[] = [];
    for (let size = sizeClass(1); size <= LARGEST_SCRATCH; size = sizeClass(size + 1)) {
      for (let i = 0; i < 2; i++) {
        const tensor = scope.take([size / 4]);
        this.recorder.upload(tensor, new Uint32Array(size / 4).fill(TAIL));
        this.#buffers.push(tensor.buffer);
        taken.push(tensor);
      }
    }
    scope.give(...taken);
    this.#scratch = scope;
    return scope;
  }

  async read(tensor: Pick<Tensor, 'buffer' | 'shape'>): Promise<Float32Array> {
    return new Float32Array(await this.#read(tensor));
  }

  async readWords(tensor: Tensor): Promise<Uint32Array> {
    return new Uint32Array(await this.#read(tensor));
  }

  /** The float32 rows of a matrix. */
  async readMatrix({ buffer, rows, columns, rowOffset }: Matrix): Promise<Float32Array> {
    const all = await this.read({ buffer, shape: [rowOffset + rows, columns] });
    return all.subarray(rowOffset * columns);
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.gpu.close();
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) {
      for (const [what, error] of largestErrors) console.log(`${error.toExponential(1)}  ${what}`);
    }
  }

  /** Data, zeros up to a vec4, and the tail. */
  #buffer(words: Uint32Array): GPUBuffer {
    const padded = Math.ceil(words.length / 4) * 4;
    const all = new Uint32Array(padded + TAIL_WORDS);
    all.set(words);
    all.fill(TAIL, padded);
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    const buffer = this.gpu.device.createBuffer({ size: all.byteLength, usage });
    this.gpu.device.queue.writeBuffer(buffer, 0, all);
    this.#buffers.push(buffer);
    return buffer;
  }

  async #read({ buffer, shape }: Pick<Tensor, 'buffer' | 'shape'>): Promise<ArrayBuffer> {
    const [bytes = new ArrayBuffer(0)] = await this.recorder.read([
      { buffer, shape: [buffer.size / 4], dtype: 'u32' },
    ]);
    const tail = new Uint32Array(bytes).subarray(-TAIL_WORDS);
    assert.ok(
      tail.every((word) => word === TAIL),
      `something was written past a tensor [${shape.join(', ')}]`,
    );
    return bytes.slice(0, elementCount(shape) * 4);
  }
}

/** An endless source of standard normal arrays of float32 values, the same for the same seed. */
export function normalFloats(seed: number): (length: number, scale?: number) => Float32Array {
  const normal = normalArrays(seed);
  return (length, scale = 1) => Float32Array.from(normal(length), (value) => value * scale);
}

/** A matrix [rows, columns] as kernels write it transposed: [columns, rows rounded up to 4], the padding zero. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const stride = Math.ceil(rows / 4) * 4;
  return Float32Array.from({ length: columns * stride }, (_, i) => {
    const row = i % stride;
    return row < rows ? values[row * columns + Math.floor(i / stride)] : 0;
  });
}

/** Values as they are once stored: what an oracle must be given. */
export function asStored(dtype: FloatDtype, values: Float32Array): Float32Array {
  return decodeFloats(storedType(dtype), encodeFloats(storedType(dtype), values));
}

const largestErrors = new Map<string, number>();

/** Holds values to an oracle's; the largest errors are shown at the end where REPTRACE_SHOW_ERRORS is set. */
export function expectClose(what: string, actual: Numbers, expected: Numbers, tolerance: number): void {
  const error = relativeError(actual, expected);
  largestErrors.set(what, Math.max(error, largestErrors.get(what) ?? 0));
  assert.ok(error <= tolerance, `${what} is off by ${error} of its largest element`);
}

/** Expects SHAPE_MISMATCH of an operand, by name. */
export function expectMismatch(operand: string, run: () => void): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ReptraceError, String(error));
    assert.equal(error.code, 'SHAPE_MISMATCH');
    assert.match(error.message, new RegExp(`\\b${operand}\\b`));
    return true;
  });
}

function storedType(dtype: FloatDtype): DType {
  return dtype === 'f32' ? 'F32' : dtype === 'f16' ? 'F16' : 'BF16';
}
