/**
 * What is kept of one packed batch while it goes through the model (batch-run.ts): hidden states and gradients at p of each sample,
 * or at all positions, token scores and token rows, as the options ask. Read back in one transfer.
 */
import type { Scope } from '../device/arena.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import { gather } from '../kernels/rows.ts';
import * as tokenScoresKernel from '../kernels/token-scores.ts';
import { uploadFloats, uploadWords, type PackedBatch } from '../model/batch.ts';
import type { BlockContext } from '../model/block.ts';
import type { Model } from '../model/model.ts';
import type { BatchResult } from './batch-result.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';
import { projected, projectionOf } from './token-projection.ts';

export class BatchKeep {
  readonly #model: Model;
  readonly #scope: Scope;
  readonly #samples: readonly Sample[];
  readonly #options: SignatureOptions;
  readonly #packed: PackedBatch;
  readonly #context: BlockContext;
  readonly #width: number;
  readonly #last: number;
  /** Layers whose hidden state at p is kept: all for the curve, else those asked for. */
  readonly #hiddenLayers: readonly number[];
  /** p of each sample, as rows of the batch, and as rows of those that predict. */
  readonly #pRows: Tensor;
  readonly #pLossRows: Tensor;
  readonly #hidden: Tensor;
  readonly #gradient: Tensor;
  readonly #hiddenAll = new Map<number, Tensor>();
  readonly #gradientAll = new Map<number, Tensor>();
  readonly #scores = new Map<number, Tensor>();
  /** Undefined where no token rows are asked for. */
  readonly #projection: Matrix | undefined;
  /** Projected: hidden states, and gradients where something goes back. */
  readonly #tokenRows: Tensor[] = [];

  /** @param options with layers in rising order, each once */
  constructor(
    model: Model,
    context: BlockContext,
    packed: PackedBatch,
    samples: readonly Sample[],
    options: SignatureOptions,
  ) {
    const { recorder, scope } = context;
    this.#model = model;
    this.#scope = scope;
    this.#samples = samples;
    this.#options = options;
    this.#packed = packed;
    this.#context = context;
    this.#width = model.config.hiddenSize;
    this.#last = model.config.layers;
    this.#hiddenLayers =
      options.curve === true ? Array.from({ length: this.#last + 1 }, (_, layer) => layer) : options.layers;
    const { places } = packed;
    this.#pRows = uploadWords(
      recorder,
      scope,
      Uint32Array.from(places, (place) => place.start + place.promptLength - 1),
    );
    this.#pLossRows = uploadWords(
      recorder,
      scope,
      Uint32Array.from(places, ({ lossStart }) => lossStart),
    );
    this.#hidden = scope.take([this.#hiddenLayers.length * samples.length, this.#width]);
    const gradients = options.forwardOnly === true ? 0 : options.layers.length;
    this.#gradient = scope.take([gradients * samples.length, this.#width]);
    const { tokenRows } = options;
    this.#projection = tokenRows === undefined ? undefined : projectionOf(model, tokenRows.seed);
  }

  /** Of a layer below the last: the input of its block. */
  hidden(layer: number, hidden: Tensor): void {
    const slot = this.#hiddenLayers.indexOf(layer);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, hidden, this.#pRows);
    if (this.wantsAllHidden(layer)) this.#hiddenAll.set(layer, this.#copy(hidden));
  }

  /** Whether a layer's hidden states at all positions are asked for. */
  wantsAllHidden(layer: number): boolean {
    return this.#options.allPositions === true && this.#options.layers.includes(layer);
  }

  /** Of the last layer, after the final norm, at all positions: a tensor that is kept as it is. */
  lastHiddenAll(normed: Tensor): void {
    this.#hiddenAll.set(this.#last, normed);
  }

  /** Of the last layer, after the final norm. @param normed of the rows that predict */
  lastHidden(normed: Tensor): void {
    const slot = this.#hiddenLayers.indexOf(this.#last);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, normed, this.#pLossRows);
    this.#projectRows(normed);
  }

  /** With respect to a layer below the last. */
  gradient(layer: number, gradient: Tensor): void {
    const slot = this.#options.layers.indexOf(layer);
    if (slot < 0) return;
    this.#gatherInto(this.#gradient, slot, gradient, this.#pRows);
    if (this.#wantsAllGradients()) this.#keepAllGradients(layer, gradient);
  }

  /**
   * With respect to the last layer, after the final norm.
   * @param dnormed of the rows that predict
   * @param spread gives those rows among all of the batch, zeros elsewhere
   */
  lastGradient(dnormed: Tensor, spread: (rows: Tensor) => Tensor): void {
    const slot = this.#options.layers.indexOf(this.#last);
    if (slot >= 0) {
      this.#gatherInto(this.#gradient, slot, dnormed, this.#pLossRows);
      if (this.#wantsAllGradients()) this.#keepAllGradients(this.#last, spread(dnormed));
    }
    this.#projectRows(dnormed);
  }

  /** Where token rows are asked for. */
  #projectRows(rows: Tensor): void {
    if (this.#projection === undefined) return;
    this.#tokenRows.push(projected(this.#context, this.#projection, rows));
  }

  #wantsAllGradients(): boolean {
    return this.#options.tokenGradients === true || this.#options.queries !== undefined;
  }

  #keepAllGradients(layer: number, gradient: Tensor): void {
    if (this.#options.tokenGradients === true) this.#gradientAll.set(layer, this.#copy(gradient));
    const query = this.#options.queries?.get(layer);
    if (query === undefined) return;
    const scores = this.#scope.take([this.#packed.rows]);
    const { recorder } = this.#model;
    tokenScoresKernel.forward(recorder, {
      g: gradient,
      query: uploadFloats(recorder, this.#scope, query),
      scores,
    });
    this.#scores.set(layer, scores);
  }

  #gatherInto(out: Tensor, slot: number, source: Tensor, indices: Tensor): void {
    gather(this.#model.recorder, { source, indices, out, outRow: slot * this.#samples.length });
  }

  #copy(tensor: Tensor): Tensor {
    const copy = this.#scope.take(tensor.shape);
    this.#model.recorder.copy(tensor.buffer, 0, copy.buffer, 0, this.#packed.rows * this.#width * 4);
    return copy;
  }

  /** Everything in one transfer, which is sent at once. @param stats of the head */
  async read(stats: Tensor): Promise<BatchResult> {
    const maps = [this.#hiddenAll, this.#gradientAll, this.#scores];
    const [lossStats, hidden, gradient, ...rest] = await this.#model.recorder.readFloats([
      stats,
      this.#hidden,
      this.#gradient,
      ...maps.flatMap((map) => [...map.values()]),
      ...this.#tokenRows,
    ]);
    const [hiddenAll, gradientAll, scores] = maps.map(
      (map) => new Map([...map.keys()].map((layer) => [layer, rest.shift() ?? new Float32Array()] as const)),
    );
    const [tokenHidden, tokenGradient = new Float32Array()] = rest;
    return {
      ...{
        samples: this.#samples,
        places: this.#packed.places,
        width: this.#width,
        nll: nllFromStats(lossStats),
      },
      ...{ hiddenLayers: this.#hiddenLayers, layers: this.#options.layers },
      ...{ hidden, gradient, hiddenAll, gradientAll, scores },
      tokenRows: this.#tokenRows.length === 0 ? undefined : { hidden: tokenHidden, gradient: tokenGradient },
    };
  }
}
