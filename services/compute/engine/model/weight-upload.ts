/**
 * The way of stored tensors into GPU buffers: makes the buffers of linear layers and vectors, and writes each tensor's
 * bytes, as they are read, to where they belong. Matrices keep their precision and are split by rows where one storage
 * binding cannot hold them; quantised blocks are laid out for shaders; vectors are widened to float32; matrices that are
 * stored transposed are turned on the way.
 */
import { USAGE, type GpuPort } from '../device/gpu.ts';
import { byteLength, type Matrix, type Tensor, type WeightDtype } from '../device/tensor.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import type { RowRange, StoredProjection, WeightSource } from './assemble.ts';
import { DTYPE_BYTES } from './dtype.ts';
import type { TensorSpec } from './families/family.ts';
import { decodeWeights } from './gguf/dequantize.ts';
import { bytesFor, isQuantType, valuesIn, type GgufDType } from './gguf/gguf-types.ts';
import { alignBlocks } from './gguf/quantized-blocks.ts';
import { transpose } from './gguf/transpose.ts';
import type { ModelConfig } from './model-config.ts';
import type { ModelSource } from './model-source.ts';
import { CHUNK_IDS, type ProjectionPart } from './weights.ts';

/** Where some consecutive bytes of a tensor go. */
interface Target {
  /** First byte within the tensor. */
  readonly from: number;
  readonly bytes: number;
  readonly buffer: GPUBuffer;
  readonly at: number;
}

/** What is done with a tensor's bytes before they are written. */
interface Placement {
  readonly targets: Target[];
  /** Vectors are widened, and a norm's missing 1 is added. */
  readonly widen: { readonly add: number } | undefined;
  readonly turn: Turn | undefined;
}

export class WeightUpload implements WeightSource {
  readonly buffers: GPUBuffer[] = [];
  readonly #gpu: GpuPort;
  readonly #source: Pick<ModelSource, 'tensors'>;
  readonly #normOffset: number;
  readonly #limit: number;
  readonly #old: readonly GPUBuffer[];
  readonly #placements = new Map<string, Placement>();

  /**
   * @param limit largest binding, in bytes
   * @param old buffers of an upload of the like, in its order, which are taken again: those too small are destroyed
   */
  constructor(
    gpu: GpuPort,
    source: Pick<ModelSource, 'tensors'>,
    config: ModelConfig,
    limit: number,
    old: readonly GPUBuffer[] = [],
  ) {
    this.#gpu = gpu;
    this.#source = source;
    this.#normOffset = config.normOffset;
    this.#limit = limit;
    this.#old = old;
  }

  projection({ weight, bias, outputs, inputs, rows }: StoredProjection): ProjectionPart[] {
    const { name } = weight;
    const dtype = this.#dtypeOf(name);
    const rowBytes = bytesFor(dtype, inputs);
    const most = this.partRows({ weight, inputs });
    const matrices: Matrix[] = [];
    for (let row = 0; row < outputs; row += most) {
      const count = Math.min(most, outputs - row);
      const stored = weightDtype(dtype);
      const buffer = this.#buffer(name, byteLength([count, inputs], stored));
      matrices.push({ buffer, rows: count, columns: inputs, rowOffset: 0, dtype: stored });
    }
    const placement = this.#placementOf(weight, undefined);
    if (weight.transposed === true) placement.turn?.expect(dtype);
    addTargets(placement.targets, rows, rowBytes, matrices);
    if (bias === undefined) return matrices.map((w) => ({ w, bias: undefined }));
    const biases = matrices.map((matrix) => this.#vector(bias.name, matrix.rows));
    addTargets(
      this.#placementOf(bias, { add: 0 }).targets,
      rows,
      4,
      biases.map(({ buffer, shape }) => ({ buffer, rows: shape[0] ?? 0 })),
    );
    return matrices.map((w, i) => ({ w, bias: biases[i] }));
  }

  /** Rows of each part of a linear layer, but for the last one. Throws OUT_OF_MEMORY where a binding holds none. */
  partRows({ weight: { name }, inputs }: Pick<StoredProjection, 'weight' | 'inputs'>): number {
    const rowBytes = bytesFor(this.#dtypeOf(name), inputs);
    const most = rowsOfPart(Math.floor(this.#limit / rowBytes));
    if (most === 0) throw tooWide(name, rowBytes, this.#limit);
    return most;
  }

  vector(spec: TensorSpec): Tensor {
    const [size = 0] = spec.shape;
    const tensor = this.#vector(spec.name, size);
    const add = spec.kind === 'weight' ? this.#normOffset : 0;
    const { targets } = this.#placementOf(spec, { add });
    addTargets(targets, [{ first: 0, count: size }], 4, [{ buffer: tensor.buffer, rows: size }]);
    return tensor;
  }

  /** Takes a part of a tensor, as ModelSource gives it; a tensor that has no place here is passed over. */
  write(name: string, dtype: GgufDType, chunk: Uint8Array<ArrayBuffer>, offset: number): void {
    const placement = this.#placements.get(name);
    if (placement === undefined) return;
    const { targets, widen, turn } = placement;
    if (turn !== undefined) {
      const whole = turn.take(chunk, offset);
      if (whole !== undefined) this.#writeTo(targets, dtype, whole, 0);
    } else if (widen === undefined) {
      this.#writeTo(targets, dtype, chunk, offset);
    } else {
      const floats = decodeWeights(dtype, chunk);
      if (widen.add !== 0) for (let i = 0; i < floats.length; i++) floats[i] += widen.add;
      this.#writeTo(targets, 'F32', new Uint8Array(floats.buffer), valuesIn(dtype, offset) * 4);
    }
  }

  #dtypeOf(name: string): GgufDType {
    return this.#source.tensors.get(name)?.dtype ?? 'F32';
  }

  #writeTo(
    targets: readonly Target[],
    dtype: GgufDType,
    bytes: Uint8Array<ArrayBuffer>,
    offset: number,
  ): void {
    for (const { from, bytes: length, buffer, at } of targets) {
      const begin = Math.max(offset, from);
      const end = Math.min(offset + bytes.length, from + length);
      if (begin >= end) continue;
      const part = bytes.subarray(begin - offset, end - offset);
      const first = at + begin - from;
      this.#gpu.device.queue.writeBuffer(buffer, first, forShaders(dtype, part, first));
    }
  }

  #placementOf(spec: TensorSpec, widen: Placement['widen']): Placement {
    const known = this.#placements.get(spec.name);
    if (known !== undefined) return known;
    const turn = spec.transposed === true ? new Turn(spec.shape) : undefined;
    const placement = { targets: [], widen, turn };
    this.#placements.set(spec.name, placement);
    return placement;
  }

  #vector(name: string, size: number): Tensor {
    return { buffer: this.#buffer(name, Math.ceil(size / 4) * 16), shape: [size], dtype: 'f32' };
  }

  #buffer(label: string, size: number): GPUBuffer {
    const old = this.#old[this.buffers.length];
    const buffer = old !== undefined && old.size >= size ? old : this.#newBuffer(label, size, old);
    this.buffers.push(buffer);
    return buffer;
  }

  #newBuffer(label: string, size: number, old: GPUBuffer | undefined): GPUBuffer {
    old?.destroy();
    const usage = USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC;
    return this.#gpu.device.createBuffer({ label, size: Math.max(16, size), usage });
  }
}

/**
 * Parts begin at a multiple of 4 rows, since their products begin at a vec4 of the output; large ones where chunks of a
 * vocabulary do (head.ts), so that those are the same however it is split.
 */
function rowsOfPart(most: number): number {
  if (most === Infinity) return most;
  const unit = most < 64 ? 4 : Math.min(CHUNK_IDS, 2 ** Math.floor(Math.log2(most)));
  return most - (most % unit);
}

function weightDtype(dtype: GgufDType): WeightDtype {
  return dtype.toLowerCase() as WeightDtype;
}

/** Stored bytes as shaders read them, from byte `at` of a buffer on. */
function forShaders(dtype: GgufDType, bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  if (!isQuantType(dtype)) return bytes;
  // Sources give an even number of blocks at a time, and parts and ranges of rows begin at even rows.
  if (at % byteLength([1], weightDtype(dtype)) !== 0)
    throw new Error(`a pair of ${dtype} blocks was torn apart`);
  return alignBlocks(dtype, bytes);
}

/** Lays the ranges of a tensor's rows, in their order, over consecutive buffers of `rows` rows each. */
function addTargets(
  targets: Target[],
  ranges: readonly RowRange[],
  rowBytes: number,
  buffers: readonly { readonly buffer: GPUBuffer; readonly rows: number }[],
): void {
  let index = 0;
  let filled = 0; // rows of the present buffer
  for (const { first, count } of ranges) {
    for (let row = first; row < first + count;) {
      const { buffer, rows } = buffers[index] ?? { buffer: undefined, rows: 0 };
      if (buffer === undefined) throw new Error('there are more rows than the buffers hold');
      const taken = Math.min(first + count - row, rows - filled);
      targets.push({ from: row * rowBytes, bytes: taken * rowBytes, buffer, at: filled * rowBytes });
      row += taken;
      filled += taken;
      if (filled === rows) [index, filled] = [index + 1, 0];
    }
  }
}

/** Gathers a matrix stored (inputs, outputs), and gives it as (outputs, inputs) once it is whole. */
class Turn {
  readonly #rows: number;
  readonly #columns: number;
  #width = 4;
  #stored: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  constructor([rows = 0, columns = 0]: readonly number[]) {
    this.#rows = rows;
    this.#columns = columns;
  }

  expect(dtype: GgufDType): void {
    if (isQuantType(dtype))
      throw new Error(`a matrix of ${dtype} is stored transposed, and its blocks cannot be turned`);
    this.#width = DTYPE_BYTES[dtype];
  }

  take(chunk: Uint8Array, offset: number): Uint8Array<ArrayBuffer> | undefined {
    this.#stored ??= new Uint8Array(this.#rows * this.#columns * this.#width);
    this.#stored.set(chunk, offset);
    this.#filled += chunk.length;
    if (this.#filled < this.#stored.length) return undefined;
    const turned = new Uint8Array(this.#stored.length);
    transpose(this.#stored, this.#rows, this.#columns, this.#width, turned);
    this.#stored = undefined;
    this.#filled = 0;
    return turned;
  }
}

function tooWide(name: string, rowBytes: number, limit: number): ReptraceError {
  return new ReptraceError(
    'OUT_OF_MEMORY',
    `four rows of ${name} are ${4 * rowBytes} bytes; this adapter binds at most ${limit}`,
    'Use a GPU with larger storage bindings.',
  );
}
