/**
 * One packed batch on its way through the model, stage by stage: the embedding, all blocks, the head on the rows that
 * predict and back, the blocks in reverse down to the lowest asked layer, and one transfer of what was asked for. Gradients of
 * activations only; nothing is kept below the lowest layer. Who calls the stages has the weights (group-run.ts).
 */
import type { Scope } from '../device/arena.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import { gather } from '../kernels/rows.ts';
import * as tokenScoresKernel from '../kernels/token-scores.ts';
import {
  meanOverResponses,
  packBatch,
  uploadBatch,
  uploadFloats,
  uploadWords,
  type GpuBatch,
  type PackedBatch,
} from '../model/batch.ts';
import {
  blockBackward,
  blockForward,
  blockForwardOf,
  type BlockContext,
  type BlockTape,
} from '../model/block.ts';
import { beginEmbedding, embedPart, endEmbedding } from '../model/embed.ts';
import { beginHead, endHead, headBackward, headForward, type HeadTape } from '../model/head.ts';
import type { Model } from '../model/model.ts';
import { normForward } from '../model/norms.ts';
import { spreadPredicting, takePredicting } from '../model/predicting-rows.ts';
import { predictingOnly, type WantedRows } from '../model/wanted-rows.ts';
import type { BlockWeights, EndWeights, VocabularyPart } from '../model/weights.ts';
import type { BatchResult } from './batch-result.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';
import { projected, projectionOf } from './token-projection.ts';

/** What a block's forward keeps for the backward: all that it needs, or only its input, from which the rest is made again. */
export type Kept = 'tape' | 'input';

export class BatchRun {
  readonly #model: Model;
  readonly #scope: Scope;
  readonly #samples: readonly Sample[];
  readonly #options: SignatureOptions;
  readonly #packed: PackedBatch;
  readonly #context: BlockContext;
  readonly #batch: GpuBatch;
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
  /** Of the last block's output; undefined where all rows are needed. */
  readonly #wanted: WantedRows | undefined;
  /** By block, of the blocks above the lowest asked layer. */
  readonly #tapes = new Map<number, BlockTape>();
  readonly #inputs = new Map<number, Tensor>();
  /** The residual stream, on the way up. */
  #x: Tensor | undefined;
  /** The gradient with respect to it, on the way down. */
  #dx: Tensor | undefined;
  #head: HeadTape | undefined;
  #dnormed: Tensor | undefined;
  #scale: Tensor | undefined;

  /** @param context made for the longest sample; tensors are taken from its scope, which the caller ends */
  constructor(model: Model, context: BlockContext, samples: readonly Sample[], options: SignatureOptions) {
    const { recorder, scope } = context;
    this.#model = model;
    this.#scope = scope;
    this.#samples = samples;
    this.#options = { ...options, layers: [...new Set(options.layers)].sort((a, b) => a - b) };
    this.#packed = packBatch(samples);
    const { places } = this.#packed;
    this.#context = context;
    this.#width = model.config.hiddenSize;
    this.#last = model.config.layers;
    this.#hiddenLayers =
      options.curve === true
        ? Array.from({ length: this.#last + 1 }, (_, layer) => layer)
        : this.#options.layers;
    this.#batch = uploadBatch(recorder, scope, this.#packed);
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
    const gradients = options.forwardOnly === true ? 0 : this.#options.layers.length;
    this.#gradient = scope.take([gradients * samples.length, this.#width]);
    this.#wanted = this.#needsAllOfLast() ? undefined : predictingOnly(context, this.#packed);
    const { tokenRows } = options;
    this.#projection = tokenRows === undefined ? undefined : projectionOf(model, tokenRows.seed);
  }

  /** The lowest block that gradients go back through; `layers` where they go through none. */
  get lowest(): number {
    return this.#options.forwardOnly === true ? this.#last : Math.min(this.#last, ...this.#options.layers);
  }

  /** Whether gradients are asked for at all. */
  get goesBack(): boolean {
    const { forwardOnly, layers } = this.#options;
    return forwardOnly !== true && (layers.length > 0 || this.#projection !== undefined);
  }

  /** Whether any row of the last block's output counts but those that predict. */
  #needsAllOfLast(): boolean {
    const { allPositions, layers } = this.#options;
    return this.lowest < this.#last || (allPositions === true && layers.includes(this.#last));
  }

  /** Every part of the embedding, in any order; then `endEmbedding`. */
  embed(part: VocabularyPart): void {
    this.#x ??= beginEmbedding(this.#context, this.#batch);
    embedPart(this.#context, part, this.#batch, this.#x);
  }

  endEmbedding(ends: EndWeights): void {
    this.#x = endEmbedding(this.#context, ends, this.#batch, present(this.#x));
    this.#keepHidden(0, this.#x);
  }

  /** Through one block, from 0 on. */
  forward(weights: BlockWeights, kept: Kept): void {
    const { layer } = weights;
    const x = present(this.#x);
    if (layer + 1 === this.#last && this.#wanted !== undefined) {
      this.#x = blockForwardOf(this.#context, weights, this.#batch, x, this.#wanted);
      this.#scope.give(x);
      return;
    }
    const goesBack = layer >= this.lowest;
    const { out, tape } = blockForward(this.#context, weights, this.#batch, x, goesBack && kept === 'tape');
    if (tape !== undefined) this.#tapes.set(layer, tape);
    else if (goesBack) this.#inputs.set(layer, x);
    else this.#scope.give(x);
    this.#x = out;
    if (layer + 1 < this.#last) this.#keepHidden(layer + 1, out);
  }

  beginHead({ norm }: EndWeights): void {
    const x = present(this.#x);
    const { predicting, targets } = this.#predicting(x);
    if (this.#options.allPositions === true && this.#options.layers.includes(this.#last)) {
      this.#hiddenAll.set(this.#last, normForward(this.#context, norm, x)[0]);
    }
    if (predicting !== x) this.#scope.give(x);
    const head = beginHead(this.#context, norm, predicting, targets);
    const slot = this.#hiddenLayers.indexOf(this.#last);
    if (slot >= 0) this.#gatherInto(this.#hidden, slot, head.normed, this.#pLossRows);
    this.#projectRows(head.normed);
    this.#head = head;
  }

  /** Of the last block's output, which may have no other rows. */
  #predicting(x: Tensor): { predicting: Tensor; targets: Tensor } {
    if (this.#wanted === undefined) return takePredicting(this.#context, this.#packed, x);
    return { predicting: x, targets: uploadWords(this.#model.recorder, this.#scope, this.#packed.targets) };
  }

  /** Where token rows are asked for. */
  #projectRows(rows: Tensor): void {
    if (this.#projection === undefined) return;
    this.#tokenRows.push(projected(this.#context, this.#projection, rows));
  }

  /** Every part of the head, the lowest ids first. @param keep keeps logits for the backward, where they are few */
  headForward(part: VocabularyPart, keep: boolean): Promise<void> {
    return headForward(this.#context, part, present(this.#head), keep);
  }

  /** Every part of the head, the lowest ids first. */
  headBackward(part: VocabularyPart): Promise<void> {
    const { recorder } = this.#model;
    const head = present(this.#head);
    this.#dnormed ??= this.#scope.take(head.x.shape);
    this.#scale ??= uploadFloats(recorder, this.#scope, meanOverResponses(this.#packed));
    return headBackward(this.#context, part, head, this.#dnormed, this.#scale);
  }

  /** In place of the way back, where nothing goes back: the losses stay. */
  dropHead(): void {
    const { x, normed, normStats, targets } = present(this.#head);
    this.#scope.give(x, normed, normStats, targets);
  }

  endHead({ norm }: EndWeights): void {
    const [head, dnormed] = [present(this.#head), present(this.#dnormed)];
    const dx = endHead(this.#context, norm, head, dnormed);
    const spread = (rows: Tensor): Tensor => spreadPredicting(this.#context, this.#packed, rows);
    if (this.#options.layers.includes(this.#last)) {
      this.#gatherInto(this.#gradient, this.#options.layers.indexOf(this.#last), dnormed, this.#pLossRows);
      if (this.#wantsAllGradients()) this.#keepAllGradients(this.#last, spread(dnormed));
    }
    this.#projectRows(dnormed);
    if (this.lowest < this.#last) this.#dx = spread(dx);
    this.#scope.give(present(this.#scale), dnormed, dx, head.x, head.normed, head.normStats, head.targets);
  }

  /** Back through one block, from the last to `lowest`. */
  backward(weights: BlockWeights): void {
    const { layer } = weights;
    const tape = this.#tapes.get(layer) ?? this.#tapeAgain(weights);
    this.#tapes.delete(layer);
    const gradient = blockBackward(this.#context, weights, this.#batch, tape, present(this.#dx));
    this.#scope.give(tape.x);
    this.#dx = gradient;
    const slot = this.#options.layers.indexOf(layer);
    if (slot < 0) return;
    this.#gatherInto(this.#gradient, slot, gradient, this.#pRows);
    if (this.#wantsAllGradients()) this.#keepAllGradients(layer, gradient);
  }

  /** The same kernels over the same input: the tape is the same to the last bit. */
  #tapeAgain(weights: BlockWeights): BlockTape {
    const x = present(this.#inputs.get(weights.layer));
    this.#inputs.delete(weights.layer);
    const { out, tape } = blockForward(this.#context, weights, this.#batch, x, true);
    this.#scope.give(out);
    return present(tape);
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
  async read(): Promise<BatchResult> {
    const maps = [this.#hiddenAll, this.#gradientAll, this.#scores];
    const [stats, hidden, gradient, ...rest] = await this.#model.recorder.readFloats([
      present(this.#head).stats,
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
        nll: nllFromStats(stats),
      },
      ...{ hiddenLayers: this.#hiddenLayers, layers: this.#options.layers },
      ...{ hidden, gradient, hiddenAll, gradientAll, scores },
      tokenRows: this.#tokenRows.length === 0 ? undefined : { hidden: tokenHidden, gradient: tokenGradient },
    };
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stages of a batch were called out of their order');
  return value;
}
