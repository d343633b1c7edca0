/**
 * Streams a model's weights to the GPU: matrices in their stored precision, split by rows where one storage
 * binding cannot hold them; vectors (norms, biases) widened to float32.
 */
import { USAGE, type Gpu } from '../device/gpu.ts';
import type { Matrix, Tensor, WeightDtype } from '../device/tensor.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import { assembleWeights } from './assemble.ts';
import { decodeFloats, DTYPE_BYTES, type DType } from './dtype.ts';
import type { LoadWeightsOptions, ModelSource } from './model-source.ts';
import type { ModelWeights, ProjectionPart } from './weights.ts';

export interface LoadedWeights {
  readonly weights: ModelWeights;
  /** The model's digest, computed on the way. */
  readonly digest: string;
  /** Every buffer that the model owns. */
  readonly buffers: readonly GPUBuffer[];
}

export interface LoadOptions extends LoadWeightsOptions {
  /** Largest binding to use, in bytes; default the adapter's. Smaller ones split matrices, for tests. */
  readonly bindingLimit?: number;
}

/** Throws what ModelSource.loadWeights throws; then nothing stays on the GPU. */
export async function loadWeights(
  gpu: Gpu,
  source: ModelSource,
  options: LoadOptions = {},
): Promise<LoadedWeights> {
  const upload = new Upload(
    gpu,
    source,
    options.bindingLimit ?? gpu.report.limits['maxStorageBufferBindingSize'] ?? 0,
  );
  try {
    const weights = assembleWeights(source.config, upload);
    const digest = await source.loadWeights((name, info, chunk, offset) => {
      upload.write(name, info.dtype, chunk, offset);
    }, options);
    await gpu.idle();
    return { weights, digest, buffers: upload.buffers };
  } catch (error) {
    for (const buffer of upload.buffers) buffer.destroy();
    throw error;
  }
}

/** Where consecutive bytes of one tensor go: `bytes` of them into each target in turn. */
interface Target {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

class Upload {
  readonly buffers: GPUBuffer[] = [];
  readonly #gpu: Gpu;
  readonly #source: ModelSource;
  readonly #limit: number;
  readonly #matrices = new Map<string, readonly Target[]>();
  readonly #vectors = new Map<string, readonly Target[]>();

  constructor(gpu: Gpu, source: ModelSource, limit: number) {
    this.#gpu = gpu;
    this.#source = source;
    this.#limit = limit;
  }

  projection(name: string, outputs: number, inputs: number, bias: boolean): ProjectionPart[] {
    const dtype = this.#source.tensors.get(`${name}.weight`)?.dtype ?? 'F32';
    const rowBytes = inputs * DTYPE_BYTES[dtype];
    // Parts begin at a multiple of 4 rows, since their products begin at a vec4 of the output.
    const most = Math.floor(this.#limit / rowBytes / 4) * 4;
    if (most === 0) throw tooWide(name, rowBytes, this.#limit);
    const matrices: Matrix[] = [];
    for (let row = 0; row < outputs; row += most) {
      const rows = Math.min(most, outputs - row);
      const buffer = this.#buffer(`${name}.weight`, rows * rowBytes);
      matrices.push({
        buffer,
        rows,
        columns: inputs,
        rowOffset: 0,
        dtype: dtype.toLowerCase() as WeightDtype,
      });
    }
    this.#matrices.set(
      `${name}.weight`,
      matrices.map(({ buffer, rows }) => ({ buffer, bytes: rows * rowBytes })),
    );
    const biases = bias ? matrices.map(({ rows }) => this.#vectorPart(`${name}.bias`, rows)) : [];
    if (bias) this.#vectors.set(`${name}.bias`, targetsOf(biases));
    return matrices.map((w, i) => ({ w, bias: biases[i] }));
  }

  vector(name: string, size: number): Tensor {
    const tensor = this.#vectorPart(name, size);
    this.#vectors.set(name, targetsOf([tensor]));
    return tensor;
  }

  write(name: string, dtype: DType, chunk: Uint8Array<ArrayBuffer>, offset: number): void {
    const matrix = this.#matrices.get(name);
    if (matrix !== undefined) {
      this.#writeTo(matrix, chunk, offset);
      return;
    }
    const vector = this.#vectors.get(name);
    if (vector === undefined) throw new Error(`no place was made for the tensor ${name}`);
    const floats = decodeFloats(dtype, chunk);
    const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
    this.#writeTo(vector, bytes, (offset / DTYPE_BYTES[dtype]) * 4);
  }

  #writeTo(targets: readonly Target[], bytes: Uint8Array<ArrayBuffer>, offset: number): void {
    let first = 0; // of this target, in bytes of the tensor
    for (const target of targets) {
      const begin = Math.max(offset, first);
      const end = Math.min(offset + bytes.length, first + target.bytes);
      if (begin < end) {
        const part = bytes.subarray(begin - offset, end - offset);
        this.#gpu.device.queue.writeBuffer(target.buffer, begin - first, part);
      }
      first += target.bytes;
    }
  }

  #vectorPart(name: string, size: number): Tensor {
    return { buffer: this.#buffer(name, Math.ceil(size / 4) * 16), shape: [size], dtype: 'f32' };
  }

  #buffer(label: string, size: number): GPUBuffer {
    const usage = USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC;
    const buffer = this.#gpu.device.createBuffer({ label, size: Math.max(16, size), usage });
    this.buffers.push(buffer);
    return buffer;
  }
}

function targetsOf(tensors: readonly Tensor[]): Target[] {
  return tensors.map(({ buffer, shape }) => ({ buffer, bytes: (shape[0] ?? 0) * 4 }));
}

function tooWide(name: string, rowBytes: number, limit: number): ReptraceError {
  return new ReptraceError(
    'OUT_OF_MEMORY',
    `four rows of ${name} are ${4 * rowBytes} bytes; this adapter binds at most ${limit}`,
    'Use a GPU with larger storage bindings.',
  );
}
