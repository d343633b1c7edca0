/**
 * A model on the GPU: weights, scratch memory and the recorder that its computations go through. The forward
 * through the blocks is here; what is made of it (signatures, training, generation) lives beside this folder.
 */
import { Arena, type Scope } from '../device/arena.ts';
import { USAGE, type Gpu, type GpuKind, type GpuPort } from '../device/gpu.ts';
import { Recorder } from '../device/recorder.ts';
import type { Tensor } from '../device/tensor.ts';
import { rotaryTable } from '../kernels/rotary.ts';
import type { GpuBatch } from './batch.ts';
import {
  blockBackward,
  blockForward,
  type BlockContext,
  type BlockTape,
  type KeyValues,
  type WeightGradSink,
} from './block.ts';
import { beginEmbedding, embedPart, endEmbedding } from './embed.ts';
import type { ModelConfig } from './model-config.ts';
import {
  bindingLimit,
  loadWeights,
  streamWeights,
  type LoadOptions,
  type StreamOptions,
} from './load-weights.ts';
import type { ModelSource } from './model-source.ts';
import { ropeAmplitude, ropeFrequencies } from './rope-frequencies.ts';
import type { Streaming } from './streamed-weights.ts';
import type { WeightStore } from './weight-store.ts';

export interface ForwardOptions {
  /** Blocks after this layer keep a tape for the backward; `layers` (the default) keeps none. */
  readonly tapeFrom?: number;
  /** Where each block's keys and values are kept, in decoding. */
  readonly keyValues?: (block: number) => KeyValues;
}

/** How much of the GPU a model may use, and what must be known to plan for it (attribution/memory-plan.ts). */
export interface MemoryBudget {
  /** Weights and activations together. */
  readonly bytes: number;
  readonly tensors: ModelSource['tensors'];
  readonly bindingLimit: number;
  readonly kind?: GpuKind;
  /** As the weights were loaded; undefined where they are all there. */
  readonly streaming: Streaming | undefined;
}

export interface ModelOptions {
  readonly digest?: string | undefined;
  /** Default a new one. */
  readonly recorder?: Recorder;
  /** Scratch memory of another model, which has the same recorder and no budget either; default its own. */
  readonly arena?: Arena;
  readonly budget?: MemoryBudget | undefined;
}

export interface BudgetOptions {
  /** Bytes of the GPU that the model may use, activations included; default all that there are. */
  readonly memory?: number | undefined;
}

export class Model {
  readonly gpu: GpuPort;
  readonly config: ModelConfig;
  readonly weights: WeightStore;
  readonly recorder: Recorder;
  readonly arena: Arena;
  /** Identifies the model by what it computes; see model-digest.ts. Undefined while it is being trained. */
  readonly digest: string | undefined;
  /** Undefined: all that the GPU has. */
  readonly budget: MemoryBudget | undefined;
  #rotary: Tensor | undefined;
  readonly #constants = new Map<string, { readonly key: number; readonly tensor: Tensor }>();

  constructor(
    gpu: GpuPort,
    config: ModelConfig,
    weights: WeightStore,
    { digest, budget, recorder = new Recorder(gpu), arena }: ModelOptions = {},
  ) {
    this.gpu = gpu;
    this.config = config;
    this.weights = weights;
    this.digest = digest;
    this.budget = budget;
    this.recorder = recorder;
    const limit = {
      room: () => (budget?.bytes ?? Infinity) - weights.bytes - recorder.bytes - this.#tableBytes,
      flush: () => {
        recorder.submit();
      },
    };
    this.arena = arena ?? new Arena(gpu, budget === undefined ? undefined : limit);
  }

  /** All weights on the GPU. Throws OUT_OF_MEMORY when they have no room there, and what reading them throws. */
  static async load(
    gpu: Gpu,
    source: ModelSource,
    options: LoadOptions & BudgetOptions = {},
  ): Promise<Model> {
    const { weights, digest } = await loadWeights(gpu, source, options);
    return new Model(gpu, source.config, weights, { digest, budget: budgetOf(gpu, source, options) });
  }

  /** Blocks on the GPU only while they are used: for models that are larger than it. Throws as `load` does. */
  static async stream(
    gpu: Gpu,
    source: ModelSource,
    options: StreamOptions & Required<BudgetOptions>,
  ): Promise<Model> {
    const { weights, digest } = await streamWeights(gpu, source, options);
    return new Model(gpu, source.config, weights, {
      digest,
      budget: budgetOf(gpu, source, options, { vocabularyParts: options.vocabularyParts }),
    });
  }

  get #tableBytes(): number {
    const constants = [...this.#constants.values()];
    return constants.reduce((sum, { tensor }) => sum + tensor.buffer.size, this.#rotary?.buffer.size ?? 0);
  }

  /** @param positions longest sequence that will be run */
  context(scope: Scope, positions: number): BlockContext {
    return { recorder: this.recorder, scope, shape: this.config, rotary: this.#rotaryFor(positions) };
  }

  /**
   * A matrix that computations share, on the GPU until the model is closed or the same name is asked for with another key: then
   * it is made anew, since one of each name is enough. Good until then, as weights are.
   */
  constant(
    name: string,
    key: number,
    shape: readonly number[],
    make: () => Float32Array<ArrayBuffer>,
  ): Tensor {
    const known = this.#constants.get(name);
    if (known?.key === key) return known.tensor;
    const tensor = this.#tableInPlaceOf(known?.tensor, name, make(), shape);
    this.#constants.set(name, { key, tensor });
    return tensor;
  }

  /**
   * Through the embedding and all blocks.
   * @returns the residual stream after the last block, [rows, hiddenSize], and the tapes of the blocks after
   *   `tapeFrom`, in their order; tensors belong to the context's scope
   */
  async forward(
    context: BlockContext,
    batch: GpuBatch,
    { tapeFrom = this.config.layers, keyValues }: ForwardOptions = {},
  ): Promise<{ x: Tensor; tapes: BlockTape[] }> {
    const { recorder, scope } = context;
    const tokens = beginEmbedding(context, batch);
    for (let part = 0; part < this.weights.vocabularyParts; part++) {
      embedPart(context, await this.weights.embedding(recorder, part), batch, tokens);
    }
    let x = endEmbedding(context, this.weights.ends, batch, tokens);
    const tapes: BlockTape[] = [];
    for (let block = 0; block < this.config.layers; block++) {
      const next = block + 1 < this.config.layers ? block + 1 : undefined;
      const weights = await this.weights.block(recorder, block, next);
      const { out, tape } = blockForward(context, weights, batch, x, block >= tapeFrom, keyValues?.(block));
      if (tape === undefined) scope.give(x);
      else tapes.push(tape);
      x = out;
      await recorder.breathe();
    }
    return { x, tapes };
  }

  /**
   * Back from the output of the last block through the blocks that kept a tape.
   * @param dx gradient with respect to the last block's output; given back
   * @returns the gradient with respect to the first taped block's input
   */
  async backward(
    context: BlockContext,
    batch: GpuBatch,
    tapes: readonly BlockTape[],
    dx: Tensor,
    sink?: WeightGradSink,
  ): Promise<Tensor> {
    const { recorder, scope } = context;
    let gradient = dx;
    let layer = this.config.layers;
    for (const tape of [...tapes].reverse()) {
      layer -= 1;
      const weights = await this.weights.block(recorder, layer);
      gradient = blockBackward(context, weights, batch, tape, gradient, sink);
      scope.give(tape.x);
      await recorder.breathe();
    }
    return gradient;
  }

  /** Frees the model's memory. The device stays open. */
  close(): void {
    this.arena.trim();
    this.#rotary?.buffer.destroy();
    for (const { tensor } of this.#constants.values()) tensor.buffer.destroy();
    this.weights.close();
  }

  #rotaryFor(positions: number): Tensor | undefined {
    if (this.config.rotaryDim === null) return undefined;
    if (this.#rotary !== undefined && (this.#rotary.shape[0] ?? 0) >= positions) return this.#rotary;
    const capacity = Math.max(
      positions,
      Math.min(this.config.maxPositions, 2 ** Math.ceil(Math.log2(positions))),
    );
    const frequencies = ropeFrequencies(this.config);
    const table = rotaryTable(frequencies, capacity, ropeAmplitude(this.config));
    const shape = [capacity, frequencies.length, 2];
    this.#rotary = this.#tableInPlaceOf(this.#rotary, 'rotary table', table, shape);
    return this.#rotary;
  }

  #tableInPlaceOf(
    old: Tensor | undefined,
    label: string,
    values: Float32Array<ArrayBuffer>,
    shape: readonly number[],
  ): Tensor {
    // Work recorded with the old table is sent first; destroying a buffer waits for what was submitted.
    this.recorder.submit();
    old?.buffer.destroy();
    const usage = USAGE.STORAGE | USAGE.COPY_DST;
    const buffer = this.gpu.device.createBuffer({ label, size: values.byteLength, usage });
    this.gpu.device.queue.writeBuffer(buffer, 0, values);
    return { buffer, shape, dtype: 'f32' };
  }
}

function budgetOf(
  gpu: Gpu,
  { tensors }: ModelSource,
  options: LoadOptions & BudgetOptions,
  streaming?: MemoryBudget['streaming'],
): MemoryBudget | undefined {
  const { memory: bytes } = options;
  return bytes === undefined
    ? undefined
    : { bytes, tensors, bindingLimit: bindingLimit(gpu, options), kind: gpu, streaming };
}
