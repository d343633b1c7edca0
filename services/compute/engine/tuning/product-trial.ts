/** One linear product with made-up operands on the GPU, for which variants are timed and held against float64. */
import { availableParallelism } from 'node:os';
import { Arena, type Scope } from '../device/arena.ts';
import { USAGE, type Gpu, type Numbers } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import { byteLength, type Matrix, type Tensor } from '../device/tensor.ts';
import type { LinearProduct } from '../kernels/linear-choice.ts';
import { LinearInput } from '../kernels/linear-input.ts';
import type { LinearVariant } from '../kernels/linear-variant.ts';
import { roundUp4 } from '../model/head.ts';
import { relativeError } from '../oracle/compare.ts';
import { RepeatedValues } from './repeated-values.ts';

export interface TrialResult {
  /** Of one product: by the wall clock on a GPU, processor time over the cores on a software adapter. */
  readonly seconds: number;
  /** Largest difference from float64 over the largest magnitude, of a sample of results; Infinity where one is not finite. */
  readonly error: number;
}

/**
 * Errors up to which a variant computes right: of float32 sums of some thousand terms, and of terms rounded to float16.
 */
export const ADMITTED: Readonly<Record<Numbers, number>> = { f32: 2e-5, mixed: 3e-3 };

/** Results that are checked: so many of so many rows, corners among them. */
const CHECKED = 16;
const TIMINGS = 3;
/** Timings are at least so long, since shorter ones measure the submission. */
const LEAST_SECONDS = 0.005;
const MOST_REPEATS = 200;

export class ProductTrial {
  readonly #recorder: Recorder;
  readonly #gpu: Gpu;
  readonly #product: LinearProduct;
  readonly #arena: Arena;
  readonly #scope: Scope;
  readonly #buffers: GPUBuffer[] = [];
  readonly #given: { readonly tensor: Tensor; readonly values: RepeatedValues };
  readonly #weights: { readonly matrix: Matrix; readonly values: RepeatedValues };
  readonly #out: Tensor;
  /** Summed over, and how many results a row has. */
  readonly #inner: number;
  readonly #columns: number;

  /** Throws OUT_OF_MEMORY. */
  static async open(gpu: Gpu, recorder: Recorder, product: LinearProduct): Promise<ProductTrial> {
    let trial: ProductTrial | undefined;
    try {
      return await gpu.allocating(() => (trial = new ProductTrial(gpu, recorder, product)));
    } catch (error) {
      // Some of its buffers may be there.
      trial?.close();
      throw error;
    }
  }

  private constructor(gpu: Gpu, recorder: Recorder, product: LinearProduct) {
    const { way, rows, inner, columns, dtype } = product;
    this.#gpu = gpu;
    this.#product = product;
    this.#recorder = recorder;
    this.#arena = new Arena(gpu);
    this.#scope = this.#arena.scope();
    [this.#inner, this.#columns] = way === 'forward' ? [inner, columns] : [columns, inner];
    const tensor = this.#tensor([rows, this.#inner]);
    const values = RepeatedValues.of('f32');
    values.fill(gpu.device, tensor.buffer, byteLength(tensor.shape, 'f32'));
    this.#given = { tensor, values };
    const size = byteLength([columns, inner], dtype);
    const buffer = this.#buffer(size);
    const weights = RepeatedValues.of(dtype);
    weights.fill(gpu.device, buffer, size);
    this.#weights = {
      matrix: { buffer, rows: columns, columns: inner, rowOffset: 0, dtype },
      values: weights,
    };
    this.#out = this.#tensor([rows, way === 'forward' ? roundUp4(columns) : inner]);
  }

  async run(variant: LinearVariant): Promise<TrialResult> {
    // The first run compiles; its results are those that are checked.
    await this.#timed(variant, 1);
    const error = await this.#error();
    let seconds = await this.#timed(variant, 1);
    const repeats = Math.min(MOST_REPEATS, Math.ceil(LEAST_SECONDS / Math.max(seconds, 1e-6)));
    for (let i = 0; i < TIMINGS; i++) seconds = Math.min(seconds, await this.#timed(variant, repeats));
    return { seconds, error };
  }

  /** Computes the product so many times, and returns when the device has. */
  async repeat(variant: LinearVariant, times: number): Promise<void> {
    for (let i = 0; i < times; i++) this.#record(variant);
    await this.#recorder.finish();
  }

  close(): void {
    this.#scope.end();
    this.#arena.trim();
    for (const buffer of this.#buffers) buffer.destroy();
  }

  /** Seconds of one product. */
  async #timed(variant: LinearVariant, repeats: number): Promise<number> {
    const [wall, processor] = [performance.now(), process.cpuUsage()];
    await this.repeat(variant, repeats);
    const { user, system } = process.cpuUsage(processor);
    const { software } = this.#gpu.report;
    const seconds = software
      ? (user + system) / 1e6 / availableParallelism()
      : (performance.now() - wall) / 1e3;
    return seconds / repeats;
  }

  #record(variant: LinearVariant): void {
    const { way, rows, inner } = this.#product;
    const { matrix: w } = this.#weights;
    const { tensor } = this.#given;
    if (way === 'forward') {
      const without = { bias: undefined, residual: undefined };
      const input = new LinearInput(this.#recorder, this.#scope, tensor);
      variant.forward(this.#recorder, this.#scope, {
        ...{ rows, inner, input, w, y: this.#out, column: 0, ...without },
      });
      input.end();
    } else {
      variant.inputGrad(this.#recorder, this.#scope, {
        ...{ rows, inner, dy: tensor, w, dx: this.#out, accumulate: false, column: 0 },
      });
    }
  }

  async #error(): Promise<number> {
    const { rows } = this.#product;
    const chosenRows = spread(rows);
    const chosenColumns = spread(this.#columns);
    const stride = this.#out.shape[1] ?? 0;
    const some = this.#scope.take([chosenRows.length, stride]);
    for (const [i, row] of chosenRows.entries()) {
      this.#recorder.copy(this.#out.buffer, row * stride * 4, some.buffer, i * stride * 4, stride * 4);
    }
    const [bytes = new ArrayBuffer(0)] = await this.#recorder.read([some]);
    this.#scope.give(some);
    const read = new Float32Array(bytes);
    const pairs = chosenRows.flatMap((row, i) => chosenColumns.map((column) => ({ i, row, column })));
    return relativeError(
      pairs.map(({ i, column }) => read[i * stride + column]),
      pairs.map(({ row, column }) => this.#exact(row, column)),
    );
  }

  /** In float64. */
  #exact(row: number, column: number): number {
    const { way, inner } = this.#product;
    let sum = 0;
    for (let k = 0; k < this.#inner; k++) {
      const weight = way === 'forward' ? column * inner + k : k * inner + column;
      sum += this.#given.values.valueAt(row * this.#inner + k) * this.#weights.values.valueAt(weight);
    }
    return sum;
  }

  #tensor(shape: readonly number[]): Tensor {
    return { buffer: this.#buffer(byteLength(shape, 'f32')), shape, dtype: 'f32' };
  }

  #buffer(size: number): GPUBuffer {
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    const buffer = this.#gpu.device.createBuffer({ label: 'tuning', size: Math.ceil(size / 16) * 16, usage });
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** The first, the last, and some between. */
function spread(count: number): number[] {
  const chosen = Math.min(CHECKED, count);
  if (chosen === 1) return [0];
  return Array.from({ length: chosen }, (_, i) => Math.round((i * (count - 1)) / (chosen - 1)));
}
