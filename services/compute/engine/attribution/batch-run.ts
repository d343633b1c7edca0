/**
 * One packed batch on its way through the model: a forward through all blocks, the head on the rows that predict, a backward
 * down to the lowest asked layer, and one transfer of what was asked for. Gradients of activations only; nothing is kept
 * below the lowest layer.
 */
import type { Scope } from '../device/arena.ts';
import type { Tensor } from '../device/tensor.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import { gather } from '../kernels/rows.ts';
import * as tokenScoresKernel from '../kernels/token-scores.ts';
import {
  packBatch,
  uploadBatch,
  uploadFloats,
  uploadWords,
  type GpuBatch,
  type PackedBatch,
  type Place,
} from '../model/batch.ts';
import type { BlockContext, BlockTape } from '../model/block.ts';
import { headBackward, headForward, type HeadTape } from '../model/head.ts';
import type { Model } from '../model/model.ts';
import { normForward } from '../model/norms.ts';
import { spreadPredicting, takePredicting } from '../model/predicting-rows.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';

/** What a batch gave, still packed. Matrices are row-major with `width` columns. */
export interface BatchResult {
  readonly samples: readonly Sample[];
  readonly places: readonly Place[];
  readonly width: number;
  /** Of the predicted tokens. */
  readonly nll: Float64Array;
  /** Layers of `hidden`; those of `gradient` are the asked ones, in rising order. */
  readonly hiddenLayers: readonly number[];
  readonly layers: readonly number[];
  /** [layers * samples, width]: at p, layer by layer. */
  readonly hidden: Float32Array;
  readonly gradient: Float32Array;
  /** By layer, [rows, width]: at every position of the batch; token scores [rows]. */
  readonly hiddenAll: ReadonlyMap<number, Float32Array>;
  readonly gradientAll: ReadonlyMap<number, Float32Array>;
  readonly scores: ReadonlyMap<number, Float32Array>;
}

export class BatchRun {
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

  constructor(model: Model, scope: Scope, samples: readonly Sample[], options: SignatureOptions) {
    this.#model = model;
    this.#scope = scope;
    this.#samples = samples;
    this.#options = { ...options, layers: [...new Set(options.layers)].sort((a, b) => a - b) };
    this.#packed = packBatch(samples);
    const { places } = this.#packed;
    this.#context = model.context(scope, Math.max(...places.map(({ length }) => length)));
    this.#width = model.config.hiddenSize;
    this.#last = model.config.layers;
    this.#hiddenLayers =
      options.curve === true
        ? Array.from({ length: this.#last + 1 }, (_, layer) => layer)
        : this.#options.layers;
    const { recorder } = model;
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
    this.#gradient = scope.take([this.#options.layers.length * samples.length, this.#width]);
  }

  async run(): Promise<BatchResult> {
    const { recorder } = this.#model;
    const batch = uploadBatch(recorder, this.#scope, this.#packed);
    const tapeFrom = Math.min(this.#last, ...this.#options.layers);
    const { x, tapes } = await this.#model.forward(this.#context, batch, {
      tapeFrom,
      onHidden: (layer, hidden) => {
        if (layer < this.#last) this.#keepHidden(layer, hidden);
      },
    });
    const head = await this.#head(x);
    if (this.#options.layers.length > 0) await this.#backward(batch, head, tapes);
    return this.#read(head);
  }

  async #head(x: Tensor): Promise<HeadTape> {
    const { weights } = this.#model;
    const { predicting, targets } = takePredicting(this.#context, this.#packed, x);
    if (this.#options.allPositions === true && this.#options.layers.includes(this.#last)) {
      this.#hiddenAll.set(this.#last, normForward(this.#context, weights.norm, x)[0]);
    }
    this.#scope.give(x);
    const head = await headForward(this.#context, weights, predicting, targets);
    const slot = this.#hiddenLayers.indexOf(this.#last);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, head.normed, this.#pLossRows);
    return head;
  }

  async #backward(batch: GpuBatch, head: HeadTape, tapes: readonly BlockTape[]): Promise<void> {
    const { recorder, weights } = this.#model;
    const scale = uploadFloats(recorder, this.#scope, meanOverResponses(this.#packed));
    const { dnormed, dx } = await headBackward(this.#context, weights, head, scale);
    const spread = (rows: Tensor): Tensor => spreadPredicting(this.#context, this.#packed, rows);
    if (this.#options.layers.includes(this.#last)) {
      this.#gatherInto(this.#gradient, this.#options.layers.indexOf(this.#last), dnormed, this.#pLossRows);
      if (this.#wantsAllGradients()) this.#keepAllGradients(this.#last, spread(dnormed));
    }
    if (tapes.length === 0) return;
    await this.#model.backward(this.#context, batch, tapes, spread(dx), {
      onGradient: (layer, gradient) => {
        const slot = this.#options.layers.indexOf(layer);
        if (slot < 0) return;
        this.#gatherInto(this.#gradient, slot, gradient, this.#pRows);
        if (this.#wantsAllGradients()) this.#keepAllGradients(layer, gradient);
      },
    });
  }

  #keepHidden(layer: number, hidden: Tensor): void {
    const slot = this.#hiddenLayers.indexOf(layer);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, hidden, this.#pRows);
    if (this.#options.allPositions === true && this.#options.layers.includes(layer)) {
      this.#hiddenAll.set(layer, this.#copy(hidden));
    }
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

  /** Everything in one transfer. */
  async #read(head: HeadTape): Promise<BatchResult> {
    const maps = [this.#hiddenAll, this.#gradientAll, this.#scores];
    const [stats, hidden, gradient, ...rest] = await this.#model.recorder.readFloats([
      head.stats,
      this.#hidden,
      this.#gradient,
      ...maps.flatMap((map) => [...map.values()]),
    ]);
    const [hiddenAll, gradientAll, scores] = maps.map(
      (map) => new Map([...map.keys()].map((layer) => [layer, rest.shift() ?? new Float32Array()] as const)),
    );
    return {
      ...{
        samples: this.#samples,
        places: this.#packed.places,
        width: this.#width,
        nll: nllFromStats(stats),
      },
      ...{ hiddenLayers: this.#hiddenLayers, layers: this.#options.layers },
      ...{ hidden, gradient, hiddenAll, gradientAll, scores },
    };
  }
}

/** 1 / (response tokens of the sample) for each predicted token: each sample's loss is a mean, samples are added. */
function meanOverResponses({ places, lossRows }: PackedBatch): Float32Array<ArrayBuffer> {
  const scale = new Float32Array(lossRows.length);
  for (const { lossStart, lossCount } of places) scale.fill(1 / lossCount, lossStart, lossStart + lossCount);
  return scale;
}
