/**
 * A model on the GPU: weights, scratch memory and the recorder that its computations go through. The forward
 * through the blocks is here; what is made of it (signatures, training, generation) lives beside this folder.
 */
import { Arena, type Scope } from '../device/arena.ts';
import { USAGE, type Gpu } from '../device/gpu.ts';
import { Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import * as embedding from '../kernels/embedding.ts';
import * as residual from '../kernels/residual.ts';
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
import type { ModelConfig } from './model-config.ts';
import { loadWeights, type LoadOptions } from './load-weights.ts';
import type { ModelSource } from './model-source.ts';
import { ropeAmplitude, ropeFrequencies } from './rope-frequencies.ts';
import type { BlockWeights, ModelWeights, Projection } from './weights.ts';

export interface ForwardOptions {
  /** Blocks after this layer keep a tape for the backward; `layers` (the default) keeps none. */
  readonly tapeFrom?: number;
  /**
   * Called with hidden state l (0 the embedding output, l the output of block l, before the final norm) once it is
   * recorded. It may record reads of it, or change it in place: that is where interventions go.
   */
  readonly onHidden?: (layer: number, hidden: Tensor) => void;
  /** Where each block's keys and values are kept, in decoding. */
  readonly keyValues?: (block: number) => KeyValues;
}

export class Model {
  readonly gpu: Gpu;
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly recorder: Recorder;
  readonly arena: Arena;
  /** Identifies the model by what it computes; see model-digest.ts. Undefined while it is being trained. */
  readonly digest: string | undefined;
  readonly #buffers: readonly GPUBuffer[];
  #rotary: Tensor | undefined;

  constructor(
    gpu: Gpu,
    config: ModelConfig,
    weights: ModelWeights,
    buffers: readonly GPUBuffer[],
    digest?: string,
  ) {
    this.gpu = gpu;
    this.config = config;
    this.weights = weights;
    this.#buffers = buffers;
    this.digest = digest;
    this.recorder = new Recorder(gpu);
    this.arena = new Arena(gpu);
  }

  static async load(gpu: Gpu, folder: ModelSource, options: LoadOptions = {}): Promise<Model> {
    const { weights, digest, buffers } = await loadWeights(gpu, folder, options);
    return new Model(gpu, folder.config, weights, buffers, digest);
  }

  /** @param positions longest sequence that will be run */
  context(scope: Scope, positions: number): BlockContext {
    return { recorder: this.recorder, scope, shape: this.config, rotary: this.#rotaryFor(positions) };
  }

  /**
   * Through the embedding and all blocks.
   * @returns the residual stream after the last block, [rows, hiddenSize], and the tapes of the blocks after
   *   `tapeFrom`, in their order; tensors belong to the context's scope
   */
  async forward(
    context: BlockContext,
    batch: GpuBatch,
    { tapeFrom = this.config.layers, onHidden, keyValues }: ForwardOptions = {},
  ): Promise<{ x: Tensor; tapes: BlockTape[] }> {
    const { recorder, scope } = context;
    let x = scope.take([batch.rows, this.config.hiddenSize]);
    this.#embed(context, batch, x);
    onHidden?.(0, x);
    const tapes: BlockTape[] = [];
    for (const [block, weights] of this.weights.blocks.entries()) {
      const { out, tape } = blockForward(context, weights, batch, x, block >= tapeFrom, keyValues?.(block));
      if (tape === undefined) scope.give(x);
      else tapes.push(tape);
      x = out;
      onHidden?.(block + 1, x);
      await recorder.breathe();
    }
    return { x, tapes };
  }

  /**
   * Back from the output of the last block through the blocks that kept a tape.
   * @param dx gradient with respect to the last block's output; given back
   * @param onGradient called with the gradient with respect to hidden state l, from L - 1 down to the first tape's input
   * @returns the gradient with respect to the first taped block's input
   */
  async backward(
    context: BlockContext,
    batch: GpuBatch,
    tapes: readonly BlockTape[],
    dx: Tensor,
    {
      onGradient,
      sink,
    }: { onGradient?: (layer: number, gradient: Tensor) => void; sink?: WeightGradSink } = {},
  ): Promise<Tensor> {
    let gradient = dx;
    let layer = this.config.layers;
    for (const tape of [...tapes].reverse()) {
      layer -= 1;
      gradient = blockBackward(context, blockOf(this.weights, layer), batch, tape, gradient, sink);
      context.scope.give(tape.x);
      onGradient?.(layer, gradient);
      await context.recorder.breathe();
    }
    return gradient;
  }

  /** Hidden state 0: scaled embeddings of the ids, and of the positions where those are learned. */
  #embed({ recorder, scope }: BlockContext, { ids, positions, rows }: GpuBatch, out: Tensor): void {
    const { embedding: tokens, positions: learned } = this.weights;
    const tableOf = ({ parts }: Projection): Matrix[] => parts.map(({ w }) => w);
    const scale = this.config.embeddingScale;
    if (learned === undefined) {
      embedding.forward(recorder, { ids, table: tableOf(tokens), out, scale });
      return;
    }
    const [ofTokens, ofPositions] = [scope.take([rows, this.config.hiddenSize]), scope.take(out.shape)];
    embedding.forward(recorder, { ids, table: tableOf(tokens), out: ofTokens, scale });
    embedding.forward(recorder, { ids: positions, table: tableOf(learned), out: ofPositions });
    residual.forward(recorder, { a: ofTokens, b: ofPositions, out });
    scope.give(ofTokens, ofPositions);
  }

  /** Frees the model's memory. The device stays open. */
  close(): void {
    this.arena.trim();
    this.#rotary?.buffer.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
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
    // Work recorded with the old table is sent first; destroying a buffer waits for what was submitted.
    this.recorder.submit();
    this.#rotary?.buffer.destroy();
    const buffer = this.gpu.device.createBuffer({
      label: 'rotary table',
      size: table.byteLength,
      usage: USAGE.STORAGE | USAGE.COPY_DST,
    });
    this.gpu.device.queue.writeBuffer(buffer, 0, table);
    this.#rotary = { buffer, shape: [capacity, frequencies.length, 2], dtype: 'f32' };
    return this.#rotary;
  }
}

function blockOf(weights: ModelWeights, layer: number): BlockWeights {
  const block = weights.blocks[layer];
  if (block === undefined) throw new Error(`the model has no block ${layer}`);
  return block;
}
